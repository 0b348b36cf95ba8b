"""Media time of a recording: maps its timestamps to PTS that strictly increase.

Not for live sources, whose media time follows the clock (``core.time.media_clock``).

Rules:

- the first frame has PTS ``first_pts``, or its own timestamp if that is less than a nominal frame
  later: of a camera that goes on elsewhere, whose frames have their places in time;
- intervals between frames are the recording's own, pauses of up to ``MAX_PAUSE_PTS`` included;
- a missing timestamp advances by one nominal frame, a repeated one by half of that; the frame
  after it is timed by its own timestamp again;
- a timestamp that goes back or jumps further re-anchors the timeline one nominal frame ahead, and
  so does ``request_restart`` when a file starts over. If the next timestamp fits the timeline as
  it was before, a single timestamp was wrong, and the timeline reverts.
"""

from __future__ import annotations

from streamlab.core.time.timebase import TIMESCALE, pts_to_ns

MAX_PAUSE_PTS = 600 * TIMESCALE
MAX_RETURN_PTS = 2 * TIMESCALE


class Timeline:
    """Maps the timestamps of one recording (ticks of 1/90000 s) to the camera's PTS."""

    def __init__(self, nominal_duration: int, first_pts: int = 0) -> None:
        if nominal_duration < 1:
            raise ValueError(f"a frame must last at least one tick, got {nominal_duration}")
        self.nominal_duration = nominal_duration
        self.re_anchors = 0
        self._first_pts = first_pts
        self._offset: int | None = None
        self._former_offset: int | None = None
        self._last_pts: int | None = None
        self._last_stamp: int | None = None

    def request_restart(self, nominal_duration: int | None = None) -> None:
        """Forget the source's timestamps: the next frame comes from a source that has restarted.

        ``nominal_duration``: its nominal frame duration, ticks; None keeps the current value.
        """
        self.nominal_duration = nominal_duration or self.nominal_duration
        self._offset = self._former_offset = self._last_stamp = None

    def receive_frame(self, stamp: int | None) -> int:
        """Return the PTS of a frame with timestamp ``stamp``; None: it has none."""
        pts = self._first(stamp) if self._last_pts is None else self._next(stamp, self._last_pts)
        if stamp is not None and self._offset is None:
            self._offset = pts - stamp
        self._last_pts, self._last_stamp = pts, stamp
        return pts

    def _first(self, stamp: int | None) -> int:
        first_pts = self._first_pts
        if first_pts and stamp is not None and 0 <= stamp - first_pts < self.nominal_duration:
            return stamp
        return first_pts

    def _next(self, stamp: int | None, last_pts: int) -> int:
        pts = last_pts + self.nominal_duration
        if stamp is None or self._offset is None:
            return pts
        if stamp == self._last_stamp:
            return last_pts + max(1, self.nominal_duration // 2)
        former, self._former_offset = self._former_offset, None
        if former is not None and 0 < stamp + former - last_pts <= MAX_RETURN_PTS:
            self._offset = former
        step = stamp + self._offset - last_pts
        if 0 < step <= MAX_PAUSE_PTS:
            return last_pts + step
        self.re_anchors += 1
        self._former_offset, self._offset = self._offset, None
        return pts


class Pacer:
    """Schedules the frames of a source without its own clock (a file)."""

    def __init__(self) -> None:
        self._anchor_ns: int | None = None

    def due_ns(self, pts: int, now_ns: int) -> int:
        """Return the monotonic time at which to capture the frame with this PTS, ns.

        The first call makes its frame due at ``now_ns``.
        """
        if self._anchor_ns is None:
            self._anchor_ns = now_ns - pts_to_ns(pts)
        return self._anchor_ns + pts_to_ns(pts)

    def request_shift(self, span_ns: int) -> None:
        """Make all later frames due ``span_ns`` sooner."""
        if self._anchor_ns is not None:
            self._anchor_ns -= span_ns
