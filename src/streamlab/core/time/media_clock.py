"""Media time of a live source: reconciles its timestamps with arrival times.

Not for files, which are played on their own timeline (``core.time.timeline``).

Rules:

- the first frame has PTS ``first_pts``, and PTS strictly increase, by at least one tick;
- media time is the monotonic clock since the first frame. Timestamps only place frames within it,
  so no claim a timestamp makes causes a lasting gain or loss;
- timestamps are trusted while their rate, measured over blocks of ``BLOCK_PTS``, differs from the
  arrival rate by at most 1/10, and no whole block lags the clock by ``MAX_ERROR_PTS``. After two
  consecutive bad blocks (or re-anchors), PTS are derived from arrival times, smoothed by the
  measured interval; after three consecutive blocks within 1/20, timestamps are trusted again;
- they are distrusted at once when they gain ``MAX_GAIN_PTS`` within a block on frames that arrive
  ``PACED_PTS`` apart or more. Frames closer together do not count: they are a burst that a server
  held back;
- the least and the most delayed frame of a block bound the offset, as in the clock filter of NTP
  (RFC 5905, section 10): when all frames of a block lead or lag, the offset is slewed, by at most
  1/8 of the elapsed time, and never stepped back;
- a timestamp that jumps back by ``MAX_LEAP_PTS`` or ahead of the elapsed time by as much, or would
  lead the clock by ``MAX_LEAD_PTS`` or lag it by ``MAX_LAG_PTS``, re-anchors: that frame gets the
  time of the clock;
- a timestamp that repeats, or goes back by less, is placed half an interval after the previous
  frame and changes nothing else;
- frames of a *held* source (HLS) wait until they are due, so their arrival says nothing about
  their rate: timestamps are trusted, nothing is slewed, and a frame that lags by more than
  ``MAX_HELD_LAG_PTS`` (the source had run dry) re-anchors;
- only one block and one interval are remembered, so all learned state expires with time.
"""

from __future__ import annotations

from dataclasses import dataclass

from streamlab.core.time.timebase import TIMESCALE, ns_to_pts, pts_to_ns

BLOCK_PTS = TIMESCALE
MAX_ERROR_PTS = TIMESCALE // 10
MAX_LEAP_PTS = TIMESCALE // 2
MAX_LEAD_PTS = 10 * TIMESCALE  # a whole segment at once; 10 s in the examples of RFC 8216
MAX_LAG_PTS = 5 * TIMESCALE
MAX_HELD_LAG_PTS = TIMESCALE // 5
PACED_PTS = TIMESCALE // 125
MAX_GAIN_PTS = TIMESCALE // 2
DISBELIEVE_AT, BELIEVE_AT = 10, 20  # 1/n of the elapsed time
MAX_SLEW = 8  # 1/n of the elapsed time
BAD_BLOCKS, GOOD_BLOCKS = 2, 3


@dataclass(slots=True)
class _Block:
    """Timestamp and arrival of the first frame, and the range of all frames' leads, ticks."""

    stamp: int
    clock: int
    least_lead: int
    most_lead: int


class MediaClock:
    """Maps the timestamps (ticks of 1/90000 s) and arrival times of one live source to PTS.

    ``held``: the next frame is requested only once the previous one was due.
    """

    def __init__(self, nominal_duration: int, *, held: bool = False, first_pts: int = 0) -> None:
        if nominal_duration < 1:
            raise ValueError(f"a frame must last at least one tick, got {nominal_duration}")
        self.re_anchors = 0
        self.believes_stamps = True
        self.interval = nominal_duration
        """The measured interval between frames, ticks."""
        self._held = held
        self._first_pts = first_pts
        self._max_lag_pts = MAX_HELD_LAG_PTS if held else MAX_LAG_PTS
        self._origin_ns: int | None = None
        self._offset: int | None = None
        self._last_pts = self._last_clock = self._last_stamp = 0
        self._is_interval_known = False
        self._block: _Block | None = None
        self._streak = self._left_to_slew = self._gain = 0

    def request_restart(
        self, nominal_duration: int | None = None, *, held: bool | None = None
    ) -> None:
        """Forget the source's timestamps: the next frame comes from a source that has restarted.

        Args:
            nominal_duration: nominal frame duration, ticks; ignored once a frame was received.
            held: as in the constructor; None keeps the current value.
        """
        if held is not None:
            self._held = held
            self._max_lag_pts = MAX_HELD_LAG_PTS if held else MAX_LAG_PTS
        if nominal_duration is not None and self._origin_ns is None:
            self.interval = nominal_duration
        self._change_belief(to=True)

    def request_shift(self, ticks: int) -> None:
        """Shift all later timestamps by ``ticks``."""
        if self._offset is not None:
            self._offset += ticks

    def due_ns(self, pts: int) -> int:
        """Return the monotonic time of this PTS, ns. Valid once a frame was received."""
        return (self._origin_ns or 0) + pts_to_ns(pts)

    def receive_frame(self, stamp: int | None, now_ns: int) -> int:
        """Return the PTS of a frame with timestamp ``stamp`` that arrived at ``now_ns``."""
        if self._origin_ns is None:
            self._origin_ns = now_ns - pts_to_ns(self._first_pts)
            self._remember(stamp, self._first_pts, self._first_pts)
            return self._first_pts
        clock = max(self._last_clock, ns_to_pts(now_ns - self._origin_ns))
        if stamp is not None and self._offset is not None and not self._held:
            self._judge(stamp, stamp + self._offset - clock, clock)
        if stamp is not None and self.believes_stamps:
            pts = self._by_stamp(stamp, clock)
        else:
            pts = self._by_arrival(clock)
        pts = max(self._last_pts + 1, pts)
        self._measure(pts - self._last_pts if self.believes_stamps else clock - self._last_clock)
        self._remember(stamp, pts, clock)
        return pts

    def _remember(self, stamp: int | None, pts: int, clock: int) -> None:
        self._last_pts, self._last_clock = pts, clock
        if stamp is None:
            self._offset = self._block = None
            return
        self._last_stamp = stamp
        if self._offset is None and self.believes_stamps:
            self._block = _Block(stamp, clock, pts - clock, pts - clock)
        if self._offset is None or not self.believes_stamps:
            self._offset = pts - stamp

    def _measure(self, span: int) -> None:
        if self._is_interval_known:
            span = min(span, 2 * self.interval)  # a pause is not an interval
            self.interval = max(8, self.interval + (span - self.interval) // 8)
        else:
            self._is_interval_known, self.interval = True, max(8, span)

    def _by_arrival(self, clock: int) -> int:
        expected = self._last_pts + self.interval
        error = clock - expected
        late = error > max(MAX_LEAP_PTS, 2 * self.interval)
        if late or error < -MAX_LEAD_PTS or not self._is_interval_known:
            return clock
        return expected + max(error // 4, -self.interval // 2)

    def _by_stamp(self, stamp: int, clock: int) -> int:
        if self._offset is None:
            return clock
        elapsed, step = clock - self._last_clock, stamp - self._last_stamp
        self._offset += self._slew(elapsed)
        pts = stamp + self._offset
        if -MAX_LEAP_PTS < pts - self._last_pts <= 0:
            pts, step = self._last_pts + self.interval // 2, 0
        is_near = -self._max_lag_pts <= pts - clock <= MAX_LEAD_PTS
        if is_near and abs(step) <= elapsed + MAX_LEAP_PTS and pts > self._last_pts:
            return pts
        self.re_anchors += 1
        self._offset = self._block = None
        if not self._held:
            self._count_block(good=False)
        return clock

    def _slew(self, elapsed: int) -> int:
        most = elapsed // MAX_SLEW
        move = max(-most, min(most, self._left_to_slew))
        self._left_to_slew -= move
        if self._block is not None:
            self._block.least_lead += move
            self._block.most_lead += move
        return move

    def _judge(self, stamp: int, lead: int, clock: int) -> None:
        if self.believes_stamps and self._gains_fast(stamp - self._last_stamp, clock):
            self._change_belief(to=False)
            return
        block = self._block
        if block is not None and clock - block.clock < BLOCK_PTS:
            block.least_lead = min(block.least_lead, lead)
            block.most_lead = max(block.most_lead, lead)
            return
        self._block = _Block(stamp, clock, lead, lead)
        self._gain = 0
        if block is None:
            return
        self._left_to_slew = -max(0, block.least_lead) - min(0, block.most_lead)
        elapsed = clock - block.clock
        error = abs(stamp - block.stamp - elapsed)
        if self.believes_stamps:
            lags = block.most_lead < -MAX_ERROR_PTS
            self._count_block(good=error <= elapsed // DISBELIEVE_AT and not lags)
        else:
            self._count_block(good=error <= elapsed // BELIEVE_AT)

    def _gains_fast(self, step: int, clock: int) -> bool:
        elapsed = clock - self._last_clock
        if elapsed >= PACED_PTS and step <= elapsed + MAX_LEAP_PTS:
            self._gain += step - elapsed
        return self._gain > MAX_GAIN_PTS

    def _count_block(self, *, good: bool) -> None:
        if good == self.believes_stamps:
            self._streak = 0
            return
        self._streak += 1
        if self._streak == (GOOD_BLOCKS if good else BAD_BLOCKS):
            self._change_belief(to=good)

    def _change_belief(self, *, to: bool) -> None:
        self.believes_stamps = to
        self._is_interval_known = self._is_interval_known and to
        self._offset = self._block = None
        self._streak = self._left_to_slew = self._gain = 0
