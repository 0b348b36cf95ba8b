"""The media time of a live source: its stamps reconciled with arrival times.

Not for files, which are played by their own time (``core.time.timeline``).

Rules:

- the first frame has pts 0, and pts only rise, at least by a tick;
- media time is the monotonic clock since the first frame. Stamps only say how frames lie within
  it, so that nothing a stamp claims is a lasting gain or loss;
- stamps are believed while their rate, measured over blocks of ``BLOCK_PTS``, differs from the
  rate of arrival by at most 1/10, and no block lags the clock as a whole by ``MAX_ERROR_PTS``.
  After two bad blocks (or re-anchors) in a row pts come from arrival times, smoothed by the
  measured interval; after three blocks within 1/20 in a row stamps are believed again;
- they are disbelieved at once when they gain ``MAX_GAIN_PTS`` within a block on frames that arrive
  ``PACED_PTS`` apart or more: in a burst of what a server has held back, frames come faster;
- the least and the most delayed frame of a block bound the offset, as in the clock filter of NTP
  (RFC 5905, section 10): when all frames of a block lead or lag, the offset is slewed, by at most
  1/8 of the time that passes, and never stepped back;
- a stamp that leaps by ``MAX_LEAP_PTS`` back, or ahead of the time that passed, or would lead the
  clock by ``MAX_LEAD_PTS`` or lag it by ``MAX_LAG_PTS``, re-anchors: that frame has the time
  of the clock;
- a stamp that comes twice, or goes back by less, lies half an interval after the last one and
  moves nothing else;
- the frames of a *held* source (HLS) wait until they are due, so their arrival says nothing of
  their rate: stamps are believed, nothing is slewed, and a frame that lags by more than
  ``MAX_HELD_LAG_PTS`` (the source had run dry) re-anchors;
- only one block and one interval are remembered, so everything learnt is forgotten by time.
"""

from __future__ import annotations

from dataclasses import dataclass

from streamlab.core.time.timebase import TIMESCALE, ns_to_pts, pts_to_ns

BLOCK_PTS = TIMESCALE
MAX_ERROR_PTS = TIMESCALE // 10
MAX_LEAP_PTS = TIMESCALE // 2
MAX_LEAD_PTS = 10 * TIMESCALE  # a whole segment at once; RFC 8216's examples have 10 s
MAX_LAG_PTS = 5 * TIMESCALE
MAX_HELD_LAG_PTS = TIMESCALE // 5
PACED_PTS = TIMESCALE // 125
MAX_GAIN_PTS = TIMESCALE // 2
DISBELIEVE_AT, BELIEVE_AT = 10, 20  # one part in
MAX_SLEW = 8  # one part in
BAD_BLOCKS, GOOD_BLOCKS = 2, 3


@dataclass(slots=True)
class _Block:
    """The stamp and arrival of its first frame, and the span of the leads of all frames."""

    stamp: int
    clock: int
    least_lead: int
    most_lead: int


class MediaClock:
    """Maps stamps (ticks of 1/90000 s) and arrival times of one live source to pts.

    ``held``: the next frame is asked for only when the last one was due.
    """

    def __init__(self, nominal_duration: int, *, held: bool = False) -> None:
        if nominal_duration < 1:
            raise ValueError(f"a frame must last at least one tick, got {nominal_duration}")
        self.re_anchors = 0
        self.believes_stamps = True
        self.interval = nominal_duration
        """The measured time from frame to frame, ticks."""
        self._held = held
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
        """Forget the source's stamps: the next frame comes from a source that began anew.

        ``nominal_duration`` (ticks) and ``held`` are the source's, where they may have changed.
        """
        if held is not None:
            self._held = held
            self._max_lag_pts = MAX_HELD_LAG_PTS if held else MAX_LAG_PTS
        if nominal_duration is not None and self._origin_ns is None:
            self.interval = nominal_duration
        self._change_belief(to=True)

    def request_shift(self, ticks: int) -> None:
        """Add this to all stamps from now on."""
        if self._offset is not None:
            self._offset += ticks

    def due_ns(self, pts: int) -> int:
        """Return the monotonic time of this pts, ns, once a frame was received."""
        return (self._origin_ns or 0) + pts_to_ns(pts)

    def receive_frame(self, stamp: int | None, now_ns: int) -> int:
        """Return the pts of the frame the source stamped ``stamp``, which arrived at ``now_ns``."""
        if self._origin_ns is None:
            self._origin_ns = now_ns
            self._remember(stamp, 0, 0)
            return 0
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
            span = min(span, 2 * self.interval)  # a pause is no interval
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
