"""How long a frame may wait: the playout delay that each policy asks for, and how it adapts.

Terms; all are spans in ns or ms since the frame was captured or ready, never absolute times:

- *lag* of a frame: from its capture to its detector's result; infinite if the detector had no
  time for it;
- *box deadline* D: a frame with a longer lag is drawn with detections carried forward (stale);
- *cost*: from the decision which detections a frame gets, at its deadline at the latest, until
  its annotated picture is ready (``core.sync.cost``); raw's own cost is from the capture until
  raw is ready;
- *hold* H: how long raw waits after it is ready, at most;
- *spare*: the longest D with which annotated stays within the tolerance of a raw channel that does
  not wait: tolerance - cost + raw's own cost.

Policies:

- ``none``: nothing waits; the baseline;
- ``hold``: raw waits for a smoothed H that follows a high quantile of the annotated channel's
  delay;
- ``pair``: both are released together, raw alone after ``max_playout_delay_ms``;
- ``deadline``: a fixed D; both are released a fixed time after raw is ready;
- ``hybrid``: the least D that keeps enough frames fresh, and no more H than keeps the drift of
  the latest frame within the tolerance: H = D - spare. Raw is released as soon as its result has
  arrived, since the annotated frame then follows soon. A D up to the spare needs no H at all, so D
  is never less; nor is D less than the spare of a frame of the usual cost, as far as lags need it,
  so that rare slow frames cost delay but no fresh detections.

While the annotated channel is in catch-up mode (all policies but ``none``), D is a quarter of the
tolerance less than the spare, and H is 0: raw does not wait, and annotated follows with detections
carried forward. Catch-up ends when the channels are together and a result has arrived that the
policy can wait for.

What was learned expires by age, so it lasts as long at 1 frame per second as at 60.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from streamlab.core.mp4.fragment import EncodedFrame
from streamlab.core.stats import RankedWindow, nearest_rank
from streamlab.core.sync.cost import CostEstimate
from streamlab.core.sync.freshness import Freshness, judge_freshness
from streamlab.core.time.timebase import NS_PER_MS, NS_PER_S

MAX_UNPAIRED = 1024
SPAN_NS = 10 * NS_PER_S  # how long lags, delays and raw's costs are remembered
MAX_FRAMES = 1024  # in that span
PATIENT_NS = 5_000 * NS_PER_MS  # wait for detections under policies without a deadline
NEVER_NS = 1 << 62  # later than any time; the lag of a frame whose result will not come
HOLD_QUANTILE = 0.999
REACH_QUANTILE = 0.99  # of the lags that can be waited for; a rare cost never makes these stale
FIRST_COST_NS = 10 * NS_PER_MS  # assumed until frames were measured
# Step sizes of WebRTC's lip synchronization (video/stream_synchronization.cc: at most half the
# error, at most 80 ms). Its dead band of 30 ms would cost the latency it saves; the one here is
# for adding delay only: delay that is no longer needed is reduced at once.
DEAD_BAND_NS = 2 * NS_PER_MS
MIN_STEP_NS, MAX_STEP_NS = NS_PER_MS, 80 * NS_PER_MS


class SyncPolicy(StrEnum):
    """How an annotated channel is kept synchronized with raw."""

    NONE = "none"
    HOLD = "hold"
    PAIR = "pair"
    DEADLINE = "deadline"
    HYBRID = "hybrid"


class Playout(NamedTuple):
    """The delays that a policy asks for now."""

    box_deadline_ns: int
    """A frame is drawn with older detections this long after its capture."""
    hold_ns: int
    """Raw is released this long after it is ready."""
    together: bool
    """Raw is released earlier, once its annotated frame is ready."""
    result_cost_ns: int | None = None
    """Raw is released even earlier, once its detections have arrived, but no sooner than this after
    the previous raw frame: annotated frames are drawn one after another. None: disabled."""


def follow(current_ns: int, target_ns: int) -> int:
    """Return the delay moved one bounded step, half the error, towards its target."""
    error_ns = target_ns - current_ns
    if 0 <= error_ns <= DEAD_BAND_NS:
        return current_ns
    step_ns = min(MAX_STEP_NS, max(MIN_STEP_NS, abs(error_ns) // 2), abs(error_ns))
    return current_ns + (step_ns if error_ns > 0 else -step_ns)


class PlayoutControl:
    """Adapts the delays of a policy to measurements of recent frames."""

    def __init__(
        self,
        policy: SyncPolicy,
        *,
        tolerance_ns: int,
        max_delay_ns: int,
        max_stale_fraction: float,
    ) -> None:
        self.policy = policy
        self.tolerance_ns = tolerance_ns
        self.max_delay_ns = max_delay_ns
        self.max_stale_fraction = max_stale_fraction
        self.catching_up = False
        self._lags_ns = RankedWindow(SPAN_NS, MAX_FRAMES)
        self._costs = CostEstimate()
        self._raw_costs_ns = RankedWindow(SPAN_NS, MAX_FRAMES)
        self._delays_ns = RankedWindow(SPAN_NS, MAX_FRAMES)
        self.ready_pts = -1
        """The PTS of the newest annotated frame that is ready."""
        self._raw_ready_ns: dict[int, int] = {}  # raw frames whose annotated one is not ready yet
        self._deadline_ns = self._hold_ns = 0
        self._usual_cost_ns = self._cost_ns = FIRST_COST_NS
        self._raw_cost_ns = 0
        self._least_deadline_ns = 0  # of ``hybrid``
        self.playout = self._playout()
        """The current delays."""

    def receive_lag(self, lag_ns: int | None, now_ns: int) -> None:
        """Record the lag of a frame; None: the detector had no time for it."""
        self._lags_ns.add(NEVER_NS if lag_ns is None else lag_ns, now_ns)

    def receive_raw(self, frame: EncodedFrame, now_ns: int) -> None:
        """Record a raw frame that is ready."""
        self._raw_costs_ns.add(now_ns - frame.captured_ns, now_ns)
        if frame.pts > self.ready_pts:
            self._raw_ready_ns.setdefault(frame.pts, now_ns)
            if len(self._raw_ready_ns) > MAX_UNPAIRED:
                del self._raw_ready_ns[next(iter(self._raw_ready_ns))]

    def receive_annotated(self, frame: EncodedFrame, now_ns: int) -> None:
        """Record an annotated frame that is ready, its cost, and its delay behind raw."""
        if frame.pts <= self.ready_pts:
            return  # already ready in another quality
        self.ready_pts = frame.pts
        raw_ready_ns = self._raw_ready_ns.pop(frame.pts, None)
        decided_ns = frame.boxes.decided_ns if frame.boxes else None
        if raw_ready_ns is not None and decided_ns is not None:
            self._costs.receive_cost(now_ns - decided_ns, now_ns)
            if not self.catching_up:  # frames do not wait for their results then
                self._delays_ns.add(now_ns - raw_ready_ns, now_ns)
        while self._raw_ready_ns and next(iter(self._raw_ready_ns)) <= frame.pts:
            del self._raw_ready_ns[next(iter(self._raw_ready_ns))]

    def forget_unpaired(self) -> None:
        """Forget the raw frames whose annotated ones are not ready: a channel was stopped."""
        self._raw_ready_ns.clear()

    def request_restart(self) -> None:
        """Forget all measurements."""
        self._lags_ns.clear()
        self._costs.clear()
        self._raw_costs_ns.clear()
        self._delays_ns.clear()

    def request_policy(self, policy: SyncPolicy) -> None:
        """Change the policy, keeping the measurements."""
        self.policy = policy
        self.playout = self._playout()

    def request_tolerance(self, tolerance_ns: int) -> None:
        """Change the tolerance for the drift."""
        self.tolerance_ns = tolerance_ns
        self.playout = self._playout()

    def request_max_delay(self, max_delay_ns: int) -> None:
        """Change how long raw may wait at most."""
        self.max_delay_ns = max_delay_ns
        self._hold_ns = min(self._hold_ns, max_delay_ns)
        self.playout = self._playout()

    def request_catch_up(self, catching_up: bool) -> None:
        """Enter or leave catch-up mode."""
        self.catching_up = catching_up
        self.playout = self._playout()

    def can_wait_for(self, lag_ns: int) -> bool:
        """Return True if a result this late can be shown on its own frame within the tolerance."""
        return lag_ns <= self._reach_ns

    def judge_freshness(self, share: float | None, handover_ns: int, now_ns: int) -> Freshness:
        """Judge ``share``, the share of fresh frames in the last seconds."""
        return judge_freshness(
            share,
            1 - self.max_stale_fraction,
            lags_ns=self._lags_ns.values(now_ns),
            longest_lag_ns=self.max_delay_ns + self.tolerance_ns,
            usual_lag_bound_ns=self._usual_reach_ns,
            usual_cost_ns=self._usual_cost_ns,
            handover_ns=handover_ns,
        )

    def adapt(self, now_ns: int) -> None:
        """Move the delays one step towards their targets; call at regular intervals."""
        lags_ns = self._lags_ns.values(now_ns)
        wanted_ns = self._wanted_deadline_ns(lags_ns)
        self._learn_costs(now_ns, lags_ns, wanted_ns)
        if self.policy is SyncPolicy.HYBRID and lags_ns:
            self._deadline_ns = follow(max(self._deadline_ns, self._spare_ns), wanted_ns)
        elif self.policy is SyncPolicy.HOLD and (delays_ns := self._delays_ns.values(now_ns)):
            latest_ns = nearest_rank(delays_ns, HOLD_QUANTILE)
            wanted_ns = max(0, latest_ns - self.tolerance_ns + DEAD_BAND_NS)
            self._hold_ns = follow(self._hold_ns, min(wanted_ns, self.max_delay_ns))
        self.playout = self._playout()

    def _learn_costs(self, now_ns: int, lags_ns: Sequence[int], wanted_ns: int) -> None:
        raw_costs_ns, usual_ns = self._raw_costs_ns.values(now_ns), self._costs.usual_ns(now_ns)
        if not raw_costs_ns or usual_ns is None:
            return
        self._raw_cost_ns, self._usual_cost_ns = raw_costs_ns[0], usual_ns
        within = bisect_right(lags_ns, self._usual_reach_ns)
        reached_ns = nearest_rank(lags_ns[:within], REACH_QUANTILE) if within else 0
        usual_spare_ns = self.tolerance_ns - usual_ns + self._raw_cost_ns
        self._least_deadline_ns = min(usual_spare_ns, reached_ns * 5 // 4)  # lags vary
        if self.policy is SyncPolicy.HYBRID:
            wanted_ns = max(wanted_ns, self._least_deadline_ns)
        else:
            wanted_ns = reached_ns
        affordable_ns = self.max_delay_ns + self._raw_cost_ns - wanted_ns
        self._cost_ns = self._costs.promised_ns(usual_ns, affordable_ns, now_ns)

    @property
    def _overhead_ns(self) -> int:
        """The cost of an annotated frame beyond raw's own cost."""
        return self._cost_ns - self._raw_cost_ns

    @property
    def _spare_ns(self) -> int:
        return self.tolerance_ns - self._overhead_ns

    @property
    def _reach_ns(self) -> int:
        """The longest D with which raw does not wait longer than ``max_delay_ns``."""
        return max(0, self._spare_ns + self.max_delay_ns)

    @property
    def _usual_reach_ns(self) -> int:
        """Like ``_reach_ns``, for a frame of the usual cost."""
        overhead_ns = self._usual_cost_ns - self._raw_cost_ns
        return max(0, self.tolerance_ns - overhead_ns + self.max_delay_ns)

    def _playout(self) -> Playout:
        playout = self._unhurried_playout()
        if not self.catching_up or self.policy is SyncPolicy.NONE:
            return playout
        safe_ns = self._spare_ns - self.tolerance_ns // 4  # costs have just changed
        deadline_ns = min(playout.box_deadline_ns, max(0, safe_ns))
        return Playout(deadline_ns, 0, together=True)

    def _unhurried_playout(self) -> Playout:
        longest_ns, spare_ns = self.max_delay_ns, self._spare_ns
        match self.policy:
            case SyncPolicy.NONE:
                return Playout(PATIENT_NS, 0, together=False)
            case SyncPolicy.HOLD:
                return Playout(PATIENT_NS, self._hold_ns, together=False)
            case SyncPolicy.PAIR:
                return Playout(PATIENT_NS, longest_ns, together=True)
            case SyncPolicy.DEADLINE:
                deadline_ns = max(0, longest_ns - self._overhead_ns)
                return Playout(deadline_ns, longest_ns, together=False)
        deadline_ns = min(
            max(self._deadline_ns, spare_ns, self._least_deadline_ns, 0), self._reach_ns
        )
        hold_ns = min(max(0, deadline_ns - spare_ns), longest_ns)
        return Playout(deadline_ns, hold_ns, together=True, result_cost_ns=self._cost_ns)

    def _wanted_deadline_ns(self, lags_ns: Sequence[int]) -> int:
        """Return the least deadline that keeps enough frames fresh.

        If even the longest does not, keep that share of the frames that it can reach.
        """
        within = bisect_right(lags_ns, self._usual_reach_ns)
        if not within:
            return 0  # waiting would gain nothing
        enough = 1 - self.max_stale_fraction
        needed = enough * len(lags_ns)
        if needed > within:
            needed = enough * within
        return lags_ns[max(0, math.ceil(needed) - 1)]
