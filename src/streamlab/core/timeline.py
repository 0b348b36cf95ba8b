"""A camera's own timeline: source timestamps in, pts that start at 0 and only rise out.

Rules:

- the first frame has pts 0;
- while the source's stamps are plausible, spans between frames are the source's own;
- a missing stamp advances by the time that passed in a live source, else by one nominal frame;
- a stamp that goes back, or jumps ahead by more than ``MAX_JUMP_PTS`` beyond the time that
  really passed, re-anchors the timeline, and so does ``request_restart`` after a reconnect;
- a re-anchored frame of a live source lies as far ahead as real time passed, at least one
  nominal frame; of a looped file, exactly one nominal frame.
"""

from __future__ import annotations

from streamlab.core.timebase import TIMESCALE, ns_to_pts, pts_to_ns

MAX_JUMP_PTS = 2 * TIMESCALE  # OBS re-anchors on the same span


class Timeline:
    """Maps the stamps of one source (ticks of 1/90000 s) to the camera's pts."""

    def __init__(self, nominal_duration: int, *, live: bool) -> None:
        if nominal_duration < 1:
            raise ValueError(f"a frame must last at least one tick, got {nominal_duration}")
        self.nominal_duration = nominal_duration
        self.re_anchors = 0
        self._live = live
        self._offset: int | None = None
        self._last_pts = 0
        self._last_ns: int | None = None

    def request_restart(self) -> None:
        """Forget the source's stamps: the next frame comes from a source that began anew."""
        self._offset = None

    def receive_frame(self, stamp: int | None, now_ns: int) -> int:
        """Return the pts of the frame the source stamped ``stamp``, captured at ``now_ns``."""
        if self._last_ns is None:
            self._offset = None if stamp is None else -stamp
            return self._advance(0, now_ns)
        elapsed = ns_to_pts(max(0, now_ns - self._last_ns))
        if stamp is None:
            step = max(1, elapsed) if self._live else self.nominal_duration
            return self._advance(self._last_pts + step, now_ns)
        if self._offset is not None:
            pts = stamp + self._offset
            if 0 < pts - self._last_pts <= elapsed + MAX_JUMP_PTS:
                return self._advance(pts, now_ns)
            self.re_anchors += 1
        step = max(self.nominal_duration, elapsed) if self._live else self.nominal_duration
        pts = self._last_pts + step
        self._offset = pts - stamp
        return self._advance(pts, now_ns)

    def _advance(self, pts: int, now_ns: int) -> int:
        self._last_pts, self._last_ns = pts, now_ns
        return pts


class Pacer:
    """Says when a frame of a source without a clock of its own (a file) is due."""

    def __init__(self) -> None:
        self._anchor_ns: int | None = None

    def due_ns(self, pts: int, now_ns: int) -> int:
        """Return the monotonic time at which the frame of this pts is to be captured, ns."""
        if self._anchor_ns is None:
            self._anchor_ns = now_ns - pts_to_ns(pts)
        return self._anchor_ns + pts_to_ns(pts)
