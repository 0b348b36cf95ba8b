"""How long a frame may wait: the delay that each policy asks for, and how it is adapted.

Terms, all ns or ms after the frame was captured or ready, never absolute times:

- *lag* of a frame: from its capture to its detector's result; infinite when the detector had no
  time for it;
- *box deadline* D: a frame whose lag is longer is drawn with boxes carried forward (it is stale);
- *cost*: from the moment the boxes of a frame are decided to its annotated picture being ready;
  raw's own cost is from the capture to raw being ready;
- *hold* H: how long raw waits after it was ready, at the most.

Policies:

- ``none``: nothing waits; the baseline;
- ``hold``: raw waits by a smooth H that follows a high quantile of the annotated channel's delay;
- ``pair``: both leave together, raw alone after ``max_playout_delay_ms``;
- ``deadline``: a fixed D; both leave a fixed time after raw was ready;
- ``hybrid``: the least D that keeps enough frames fresh, and no more H than keeps the drift of
  the latest frame within the tolerance: H = D + cost - raw's own cost - tolerance + guard, or 0.
  Raw leaves as soon as its result has come, since the annotated frame is then near. The D that
  needs no H at all is free, so D is never less.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from enum import StrEnum

from streamlab.core.stats import nearest_rank

NS_PER_MS = 1_000_000
WINDOW_FRAMES = 300  # ten seconds at 30 fps
PATIENT_NS = 5_000 * NS_PER_MS  # policies without a deadline let a frame wait this long for boxes
GUARD_NS = NS_PER_MS  # how late a deadline's timer may be
HOLD_QUANTILE = 0.999
COST_QUANTILE = 0.998  # a fifth of the frames meets its deadline: one in 2500 is late
# Steps as WebRTC takes them to keep lips and voice together (video/stream_synchronization.cc:
# at most half the error, at most 80 ms); its dead band of 30 ms would cost the latency it saves.
DEAD_BAND_NS = NS_PER_MS
MAX_STEP_NS = 80 * NS_PER_MS


class SyncPolicy(StrEnum):
    """How the two channels are kept together."""

    NONE = "none"
    HOLD = "hold"
    PAIR = "pair"
    DEADLINE = "deadline"
    HYBRID = "hybrid"


@dataclass(frozen=True, slots=True)
class Playout:
    """What a policy asks for now."""

    box_deadline_ns: int
    """A frame is drawn with older boxes this long after its capture."""
    hold_ns: int
    """Raw leaves this long after it was ready."""
    together: bool
    """Raw leaves earlier than that, once its annotated frame is ready."""
    on_result: bool = False
    """Raw leaves even earlier, once its detections have come."""


def follow(current_ns: int, target_ns: int) -> int:
    """Return the next step of a delay towards its target: dead band, at most half the error."""
    error_ns = target_ns - current_ns
    if abs(error_ns) <= DEAD_BAND_NS:
        return current_ns
    step_ns = min(MAX_STEP_NS, max(NS_PER_MS, abs(error_ns) // 2), abs(error_ns))
    return current_ns + (step_ns if error_ns > 0 else -step_ns)


class PlayoutControl:
    """Adapts the delays of a policy to what was seen of the last ``WINDOW_FRAMES`` frames."""

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
        self._lags_ns: deque[int | None] = deque(maxlen=WINDOW_FRAMES)
        self._costs_ns: deque[int] = deque(maxlen=WINDOW_FRAMES)
        self._raw_costs_ns: deque[int] = deque(maxlen=WINDOW_FRAMES)
        self._delays_ns: deque[int] = deque(maxlen=WINDOW_FRAMES)
        self._deadline_ns = min(tolerance_ns, max_delay_ns)
        self._hold_ns = 0
        self._cost_ns = self._raw_cost_ns = 0
        self.playout = self._playout()
        """What the policy asks for now."""

    def receive_lag(self, lag_ns: int | None) -> None:
        """Take the lag of a frame; None when the detector had no time for it."""
        self._lags_ns.append(lag_ns)

    def receive_raw(self, cost_ns: int) -> None:
        """Take what a raw frame cost."""
        self._raw_costs_ns.append(cost_ns)

    def receive_annotated(self, delay_ns: int, cost_ns: int) -> None:
        """Take how long after raw an annotated frame was ready, and what it cost."""
        self._delays_ns.append(delay_ns)
        self._costs_ns.append(cost_ns)

    def request_restart(self) -> None:
        """Forget what was seen."""
        self._lags_ns.clear()
        self._costs_ns.clear()
        self._raw_costs_ns.clear()
        self._delays_ns.clear()

    def request_policy(self, policy: SyncPolicy) -> None:
        """Go on by another policy, with what was seen so far."""
        self.policy = policy
        self.playout = self._playout()

    def request_tolerance(self, tolerance_ns: int) -> None:
        """Keep the drift within another tolerance."""
        self.tolerance_ns = tolerance_ns
        self.playout = self._playout()

    def adapt(self) -> None:
        """Move the delays one step towards where they should be; call it at a steady pace."""
        if self._costs_ns and self._raw_costs_ns:
            self._cost_ns = nearest_rank(sorted(self._costs_ns), COST_QUANTILE)
            self._raw_cost_ns = nearest_rank(sorted(self._raw_costs_ns), 1 - COST_QUANTILE)
        if self.policy is SyncPolicy.HYBRID and self._lags_ns:
            self._deadline_ns = follow(self._deadline_ns, self._wanted_deadline_ns())
        elif self.policy is SyncPolicy.HOLD and self._delays_ns:
            latest_ns = nearest_rank(sorted(self._delays_ns), HOLD_QUANTILE)
            wanted_ns = latest_ns - self.tolerance_ns + GUARD_NS
            self._hold_ns = follow(self._hold_ns, min(max(0, wanted_ns), self.max_delay_ns))
        self.playout = self._playout()

    def _playout(self) -> Playout:
        longest_ns, overhead_ns = self.max_delay_ns, self._cost_ns + GUARD_NS
        match self.policy:
            case SyncPolicy.NONE:
                return Playout(PATIENT_NS, 0, together=False)
            case SyncPolicy.HOLD:
                return Playout(PATIENT_NS, self._hold_ns, together=False)
            case SyncPolicy.PAIR:
                return Playout(PATIENT_NS, longest_ns, together=True)
            case SyncPolicy.DEADLINE:
                return Playout(max(0, longest_ns - overhead_ns), longest_ns, together=False)
        spare_ns = self.tolerance_ns - overhead_ns + self._raw_cost_ns
        deadline_ns = min(max(self._deadline_ns, spare_ns, 0), longest_ns)
        hold_ns = min(max(0, deadline_ns - spare_ns), longest_ns)
        return Playout(deadline_ns, hold_ns, together=True, on_result=True)

    def _wanted_deadline_ns(self) -> int:
        """Return the least deadline that keeps enough frames fresh.

        Where even the longest does not, it keeps that share of those which it could.
        """
        longest_ns = self.max_delay_ns
        within = sorted(lag for lag in self._lags_ns if lag is not None and lag <= longest_ns)
        if not within:
            return 0  # waiting would buy nothing
        enough = 1 - self.max_stale_fraction
        needed = enough * len(self._lags_ns)
        if needed > len(within):
            needed = enough * len(within)
        return within[max(0, math.ceil(needed) - 1)]
