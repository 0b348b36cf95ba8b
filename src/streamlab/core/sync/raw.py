"""The raw channel as the sync controller sees it: waiting and released frames, and time jumps.

Rules:

- raw frames are released in order; a frame counts once, by its first release, whatever the quality;
- a *jump* is media time that moves against real time by more than ``RE_ANCHOR_NS`` between two raw
  frames; intervals are not measured across it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from streamlab.core.mp4.fragment import EncodedFrame, Fragment
from streamlab.core.stats import RankedWindow, Window, nearest_rank
from streamlab.core.sync.drift import WINDOW_FRAMES, WINDOW_S
from streamlab.core.time.timebase import NS_PER_MS, pts_to_ns

HANDOVER_SPAN_NS, HANDOVER_FRAMES = 2_000 * NS_PER_MS, 256
RE_ANCHOR_NS = 2_000 * NS_PER_MS  # OBS re-anchors at the same threshold

Waiting = tuple[Fragment, int, int]
"""A fragment, the PTS of its last frame, and when it was ready, ns."""


class RawSync:
    """Holds the queue of raw fragments and the statistics of released ones."""

    def __init__(self) -> None:
        self.waiting: deque[Waiting] = deque()
        self.newest_pts = -1
        """The PTS of the newest released frame."""
        self.last_release: tuple[Fragment, int] | None = None
        """The last released fragment and its release time, ns."""
        self.last_released_ns: int | None = None
        """When the newest frame was released; None at first and after a jump."""
        self.delays_ms = Window(WINDOW_S, WINDOW_FRAMES)
        """How long frames waited after they were ready: the added latency."""
        self.intervals_ms = Window(WINDOW_S, WINDOW_FRAMES)
        """Intervals between releases: how smooth playback is."""
        self._last_ready_ns = 0
        self._handovers_ns = RankedWindow(HANDOVER_SPAN_NS, HANDOVER_FRAMES)

    def receive_fragment(self, fragment: Fragment, now_ns: int) -> bool:
        """Queue a fragment that is ready; return True if media time has jumped."""
        frame = fragment.frames[-1]
        self._handovers_ns.add(now_ns - frame.ready_ns, now_ns)
        self.waiting.append((fragment, frame.pts, now_ns))
        if self.last_released_ns is None or frame.pts <= self.newest_pts:
            return False
        media_ns = pts_to_ns(frame.pts - self.newest_pts)
        if abs(media_ns - (now_ns - self._last_ready_ns)) <= RE_ANCHOR_NS:
            return False
        self.last_released_ns = None
        return True

    def receive_release(self, waiting: Waiting, now_ns: int) -> Sequence[EncodedFrame]:
        """Record the release of a fragment; return its frames that were not released before."""
        fragment, pts, ready_ns = waiting
        self.last_release = (fragment, now_ns)
        newest_pts, frames = self.newest_pts, fragment.frames
        if pts <= newest_pts:
            return ()  # already released in another quality
        self.delays_ms.add((now_ns - ready_ns) / NS_PER_MS, now_ns)
        if self.last_released_ns is not None:
            self.intervals_ms.add((now_ns - self.last_released_ns) / NS_PER_MS, now_ns)
        self.newest_pts = pts
        self._last_ready_ns, self.last_released_ns = ready_ns, now_ns
        return frames if len(frames) == 1 else [f for f in frames if f.pts > newest_pts]

    def handover_ns(self, now_ns: int) -> int:
        """Return the median time that finished frames wait for the event loop, ns."""
        handovers_ns = self._handovers_ns.values(now_ns)
        return nearest_rank(handovers_ns, 0.5) if handovers_ns else 0
