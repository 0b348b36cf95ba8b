"""DL Streamer's gvastreammux, with a sink pad per channel.

After the element's documentation (``docs/user-guide/elements/gvastreammux.md`` of
open-edge-platform/dlstreamer, 2026). Its output task

- takes the earliest pts at the heads of the pads' queues as the *anchor* of a batch;
- waits at most ``MAX_WAIT_MS`` until every pad has a head within ``PTS_TOLERANCE_MS`` of it;
- pushes the heads that are, and begins again.

A picture that comes with a pts more than the tolerance before the last batch's is dropped. A queue
holds ``MAX_QUEUE_SIZE`` pictures; while it is full its pad blocks, and what is upstream waits. So
an annotated picture that comes a little late is a batch of its own, for which raw waits in vain.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from benchmarks.baselines.arrivals import Arrivals
from streamlab.analysis import Outcome
from streamlab.analysis.trace import NO_RESULT, Column
from streamlab.core.time.timebase import NS_PER_MS, ms_to_pts

PTS_TOLERANCE_MS = 20.0
MAX_WAIT_MS = 40.0
MAX_QUEUE_SIZE = 2
_NEVER_NS = 2**63 - 1


class _Pad:
    """A sink pad: its queue, what is upstream of it, and when each picture was pushed."""

    def __init__(self, pts: Column, ready_ns: Column) -> None:
        self.pts: list[int] = pts.tolist()
        self.ready_ns: list[int] = ready_ns.tolist()
        self.pushed_ns = [NO_RESULT] * len(pts)
        self.queue: deque[int] = deque()  # at most MAX_QUEUE_SIZE frames
        self.following = 0  # the first frame that is still upstream

    @property
    def at_end(self) -> bool:
        return not self.queue and self.following == len(self.pts)

    @property
    def next_ns(self) -> int:
        """When the next picture can come in; never while the queue is full."""
        if len(self.queue) == MAX_QUEUE_SIZE or self.following == len(self.pts):
            return _NEVER_NS
        return self.ready_ns[self.following]

    def enter(self, now_ns: int, oldest_pts: int) -> None:
        while self.next_ns <= now_ns:
            if self.pts[self.following] >= oldest_pts:
                self.queue.append(self.following)
            self.following += 1

    def has_head_near(self, anchor: int) -> bool:
        tolerance = ms_to_pts(PTS_TOLERANCE_MS)
        return bool(self.queue) and abs(self.pts[self.queue[0]] - anchor) <= tolerance


class _Mux:
    """The output task, on a virtual clock."""

    def __init__(self, *pads: _Pad) -> None:
        self.pads = pads
        self.now_ns = 0
        self.oldest_pts = 0

    def run(self) -> None:
        while not all(pad.at_end for pad in self.pads):
            heads = [pad.pts[pad.queue[0]] for pad in self.pads if pad.queue]
            if heads:
                self._push_batch(min(heads))
            else:
                self._wait(_NEVER_NS)

    def _push_batch(self, anchor: int) -> None:
        latest_ns = self.now_ns + round(MAX_WAIT_MS * NS_PER_MS)
        while self.now_ns < latest_ns and not all(
            pad.at_end or pad.has_head_near(anchor) for pad in self.pads
        ):
            self._wait(latest_ns)
        for pad in self.pads:
            if pad.has_head_near(anchor):
                pad.pushed_ns[pad.queue.popleft()] = self.now_ns
        self.oldest_pts = anchor - ms_to_pts(PTS_TOLERANCE_MS)
        self._enter()

    def _wait(self, latest_ns: int) -> None:
        self.now_ns = min(latest_ns, *(pad.next_ns for pad in self.pads))
        self._enter()

    def _enter(self) -> None:
        for pad in self.pads:
            pad.enter(self.now_ns, self.oldest_pts)


def stream_mux(arrivals: Arrivals) -> Outcome:
    """Push both channels through one mux."""
    pts = arrivals.trace.pts
    raw, annotated = _Pad(pts, arrivals.raw_ready_ns), _Pad(pts, arrivals.annotated_ready_ns)
    _Mux(raw, annotated).run()
    raw_ns, annotated_ns = (np.array(pad.pushed_ns, np.int64) for pad in (raw, annotated))
    return arrivals.outcome(raw_ns, annotated_ns)
