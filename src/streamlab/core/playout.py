"""How long a frame may wait: the delay that each policy asks for, and how it is adapted.

Terms, all ns or ms after the frame was captured or ready, never absolute times:

- *lag* of a frame: from its capture to its detector's result; infinite when the detector had no
  time for it;
- *box deadline* D: a frame whose lag is longer is drawn with boxes carried forward (it is stale);
- *cost*: from the moment the boxes of a frame are decided to its annotated picture being ready;
- *hold* H: how long raw waits after it was ready, at the most.

Policies:

- ``none``: nothing waits; the baseline;
- ``hold``: raw waits by a smooth H that follows a high quantile of the annotated channel's delay;
- ``pair``: both leave together, raw alone after ``max_playout_delay_ms``;
- ``deadline``: a fixed D; both leave a fixed time after raw was ready;
- ``hybrid``: the least D that keeps enough frames fresh, and no more H than keeps the drift of
  the latest frame within the tolerance: H = D + cost - tolerance + guard, or 0.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from enum import StrEnum

NS_PER_MS = 1_000_000
WINDOW_FRAMES = 300  # ten seconds at 30 fps
PATIENT_NS = 5_000 * NS_PER_MS  # policies without a deadline let a frame wait this long for boxes
GUARD_NS = 4 * NS_PER_MS  # timers and the event loop's turn
ATTAINABLE_SHARE = 0.98
HOLD_QUANTILE = 0.999
COST_QUANTILE = 0.99
# Steps as WebRTC takes them to keep lips and voice together (video/stream_synchronization.cc:
# at most half the error, at most 80 ms); its dead band of 30 ms would cost the latency it saves.
DEAD_BAND_NS = 3 * NS_PER_MS
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


def quantile(ordered: list[int], share: float) -> int:
    """Return the least value that is at least as large as this share of the values."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def follow(current_ns: int, target_ns: int) -> int:
    """Return the next step of a delay towards its target: dead band, at most half the error."""
    error_ns = target_ns - current_ns
    if abs(error_ns) <= DEAD_BAND_NS and target_ns:
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
        self._delays_ns: deque[int] = deque(maxlen=WINDOW_FRAMES)
        self._deadline_ns = max_delay_ns
        self._hold_ns = 0
        self._cost_ns = 0
        self.playout = self._playout()
        """What the policy asks for now."""

    def receive_lag(self, lag_ns: int | None) -> None:
        """Take the lag of a frame; None when the detector had no time for it."""
        self._lags_ns.append(lag_ns)

    def receive_annotated(self, delay_ns: int, cost_ns: int) -> None:
        """Take how long after raw an annotated frame was ready, and what it cost."""
        self._delays_ns.append(delay_ns)
        self._costs_ns.append(cost_ns)

    def request_restart(self) -> None:
        """Forget what was seen."""
        self._lags_ns.clear()
        self._costs_ns.clear()
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
        if self._costs_ns:
            self._cost_ns = quantile(sorted(self._costs_ns), COST_QUANTILE)
        if self.policy is SyncPolicy.HYBRID and self._lags_ns:
            self._deadline_ns = follow(self._deadline_ns, self._wanted_deadline_ns())
        elif self.policy is SyncPolicy.HOLD and self._delays_ns:
            latest_ns = quantile(sorted(self._delays_ns), HOLD_QUANTILE)
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
        latest_ns = self._deadline_ns + overhead_ns - self.tolerance_ns
        return Playout(self._deadline_ns, min(max(0, latest_ns), longest_ns), together=True)

    def _wanted_deadline_ns(self) -> int:
        """Return the least deadline that keeps enough frames fresh, or as many as can be."""
        longest_ns = self.max_delay_ns
        within = sorted(lag for lag in self._lags_ns if lag is not None and lag <= longest_ns)
        if not within:
            return 0  # waiting would buy nothing
        enough = (1 - self.max_stale_fraction) * len(self._lags_ns)
        needed = min(enough, ATTAINABLE_SHARE * len(within))
        return min(longest_ns, within[max(0, math.ceil(needed) - 1)] + NS_PER_MS)
