"""How long a frame may wait: what the policies' rules go by, and the playout delay that results.

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

What is special to a policy is in ``core.sync.policies``; all policies share what is here.

While the annotated channel is in catch-up mode (all policies but those under which nothing waits),
D is a quarter of the tolerance less than the spare, and H is 0: raw does not wait, and annotated
follows with detections carried forward. Catch-up ends when the channels are together and a result
has arrived that the policy can wait for.

What was learned expires by age, so it lasts as long at 1 frame per second as at 60.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

from streamlab.core.mp4.fragment import EncodedFrame
from streamlab.core.stats import RankedWindow, nearest_rank
from streamlab.core.sync.cost import CostEstimate
from streamlab.core.sync.freshness import Freshness, fresh_deadline_ns, judge_freshness
from streamlab.core.sync.rule import Learned, Playout, Policy
from streamlab.core.time.timebase import NS_PER_S

MAX_UNPAIRED = 1024
SPAN_NS = 10 * NS_PER_S  # how long lags, delays and raw's costs are remembered
MAX_FRAMES = 1024  # in that span
NEVER_NS = 1 << 62  # later than any time; the lag of a frame whose result will not come
DELAY_QUANTILE = 0.999  # of annotated's delays behind raw
REACH_QUANTILE = 0.99  # of the lags that can be waited for; a rare cost never makes these stale


class PlayoutControl:
    """Adapts the delays of a policy to measurements of recent frames."""

    def __init__(
        self,
        policy: Policy,
        *,
        tolerance_ns: int,
        max_delay_ns: int,
        max_stale_fraction: float,
    ) -> None:
        self.policy, self.waits = policy, policy.rule.waits
        self.learned = Learned(tolerance_ns, max_delay_ns)
        self.max_stale_fraction = max_stale_fraction
        self.catching_up = False
        self._lags_ns = RankedWindow(SPAN_NS, MAX_FRAMES)
        self._costs = CostEstimate()
        self._raw_costs_ns = RankedWindow(SPAN_NS, MAX_FRAMES)
        self._delays_ns = RankedWindow(SPAN_NS, MAX_FRAMES)
        self.ready_pts = -1
        """The PTS of the newest annotated frame that is ready."""
        self._raw_ready_ns: dict[int, int] = {}  # raw frames whose annotated one is not ready yet
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

    def request_policy(self, policy: Policy) -> None:
        """Change the policy, keeping the measurements."""
        self.policy, self.waits = policy, policy.rule.waits
        self.playout = self._playout()

    def request_tolerance(self, tolerance_ns: int) -> None:
        """Change the tolerance for the drift."""
        self._update(replace(self.learned, tolerance_ns=tolerance_ns))

    def request_max_delay(self, max_delay_ns: int) -> None:
        """Change how long raw may wait at most."""
        hold_ns = min(self.learned.hold_ns, max_delay_ns)
        self._update(replace(self.learned, max_delay_ns=max_delay_ns, hold_ns=hold_ns))

    def request_catch_up(self, catching_up: bool) -> None:
        """Enter or leave catch-up mode."""
        self.catching_up = catching_up
        self.playout = self._playout()

    def can_wait_for(self, lag_ns: int) -> bool:
        """Return True if a result this late can be shown on its own frame within the tolerance."""
        return lag_ns <= self.learned.reach_ns

    def judge_freshness(self, share: float | None, handover_ns: int, now_ns: int) -> Freshness:
        """Judge ``share``, the share of fresh frames in the last seconds."""
        learned = self.learned
        return judge_freshness(
            share,
            1 - self.max_stale_fraction,
            lags_ns=self._lags_ns.values(now_ns),
            longest_lag_ns=learned.max_delay_ns + learned.tolerance_ns,
            usual_lag_bound_ns=learned.usual_reach_ns,
            usual_cost_ns=learned.usual_cost_ns,
            handover_ns=handover_ns,
        )

    def adapt(self, now_ns: int) -> None:
        """Move the delays one step towards their targets; call at regular intervals."""
        learned, enough = self.learned, 1 - self.max_stale_fraction
        lags_ns, delays_ns = self._lags_ns.values(now_ns), self._delays_ns.values(now_ns)
        learned = replace(
            learned,
            fresh_ns=fresh_deadline_ns(lags_ns, enough, learned.usual_reach_ns),
            delay_ns=nearest_rank(delays_ns, DELAY_QUANTILE) if delays_ns else None,
        )
        learned = self._with_costs(learned, lags_ns, now_ns)
        self._update(self.policy.rule.adapt(learned))

    def _with_costs(self, learned: Learned, lags_ns: Sequence[int], now_ns: int) -> Learned:
        raw_costs_ns, usual_ns = self._raw_costs_ns.values(now_ns), self._costs.usual_ns(now_ns)
        if not raw_costs_ns or usual_ns is None:
            return learned
        raw_ns = raw_costs_ns[0]
        learned = replace(learned, raw_cost_ns=raw_ns, usual_cost_ns=usual_ns)
        within = bisect_right(lags_ns, learned.usual_reach_ns)
        learned = replace(
            learned,
            reached_ns=nearest_rank(lags_ns[:within], REACH_QUANTILE) if within else 0,
            usual_spare_ns=learned.tolerance_ns - usual_ns + raw_ns,
        )
        affordable_ns = learned.max_delay_ns + raw_ns - self.policy.rule.wanted_ns(learned)
        cost_ns = self._costs.promised_ns(usual_ns, affordable_ns, now_ns)
        return replace(learned, cost_ns=cost_ns)

    def _update(self, learned: Learned) -> None:
        self.learned = learned
        self.playout = self._playout()

    def _playout(self) -> Playout:
        learned = self.learned
        playout = self.policy.rule.playout(learned)
        if not self.catching_up or not self.waits:
            return playout
        safe_ns = learned.spare_ns - learned.tolerance_ns // 4  # costs have just changed
        deadline_ns = min(playout.box_deadline_ns, max(0, safe_ns))
        return Playout(deadline_ns, 0, together=True)
