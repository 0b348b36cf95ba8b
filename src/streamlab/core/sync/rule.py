"""What a sync policy is: a name and a rule for how long frames may wait (``core.sync.policies``).

A rule is pure: everything it depends on is in the ``Learned`` that it gets. The terms lag, cost,
spare, D and H are those of ``core.sync.playout``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, NamedTuple, Protocol, Self

from streamlab.core.time.timebase import NS_PER_MS

PATIENT_NS = 5_000 * NS_PER_MS  # wait for detections under policies without a deadline
FIRST_COST_NS = 10 * NS_PER_MS  # assumed until frames were measured
# Step sizes of WebRTC's lip synchronization (video/stream_synchronization.cc: at most half the
# error, at most 80 ms). Its dead band of 30 ms would cost the latency it saves; the one here is
# for adding delay only: delay that is no longer needed is reduced at once.
DEAD_BAND_NS = 2 * NS_PER_MS
MIN_STEP_NS, MAX_STEP_NS = NS_PER_MS, 80 * NS_PER_MS


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


@dataclass(frozen=True, slots=True)
class Learned:
    """What a rule goes by: the limits, what recent frames needed, and the delays reached so far."""

    tolerance_ns: int
    max_delay_ns: int
    """How long raw may wait at most."""
    deadline_ns: int = 0
    """The D reached so far, by the policies that adapt it."""
    hold_ns: int = 0
    """The H reached so far, by the policies that adapt it; at most ``max_delay_ns``."""
    fresh_ns: int | None = None
    """The least D that keeps enough frames fresh; None: no recent lags."""
    reached_ns: int = 0
    """A high quantile of the lags that raw can wait for at the usual cost."""
    delay_ns: int | None = None
    """A high quantile of annotated's delay behind raw; None: no recent pairs."""
    cost_ns: int = FIRST_COST_NS
    """The cost to plan for: the usual one, or a rare one that is affordable."""
    usual_cost_ns: int = FIRST_COST_NS
    raw_cost_ns: int = 0
    usual_spare_ns: int = 0
    """The spare of a frame of the usual cost, as of the last adaptation."""

    @property
    def overhead_ns(self) -> int:
        """The cost of an annotated frame beyond raw's own cost."""
        return self.cost_ns - self.raw_cost_ns

    @property
    def spare_ns(self) -> int:
        """The longest D with which annotated stays within the tolerance of raw without a hold."""
        return self.tolerance_ns - self.overhead_ns

    @property
    def reach_ns(self) -> int:
        """The longest D with which raw does not wait longer than ``max_delay_ns``."""
        return max(0, self.spare_ns + self.max_delay_ns)

    @property
    def usual_reach_ns(self) -> int:
        """Like ``reach_ns``, for a frame of the usual cost."""
        overhead_ns = self.usual_cost_ns - self.raw_cost_ns
        return max(0, self.tolerance_ns - overhead_ns + self.max_delay_ns)


class Rule(Protocol):
    """What is special to a policy."""

    summary: ClassVar[str]
    """A few words for a menu, after the policy's name."""
    waits: ClassVar[bool] = True
    """False: no frame waits for its counterpart, and there is no catch-up mode."""

    def wanted_ns(self, learned: Learned) -> int:
        """Return the D that rare slow frames must not shorten; ``cost_ns`` is not yet updated."""
        return learned.reached_ns

    def adapt(self, learned: Learned) -> Learned:
        """Return ``learned`` with ``deadline_ns`` and ``hold_ns`` moved towards their targets."""
        return learned

    def playout(self, learned: Learned, /) -> Playout:
        """Return the delays to apply while the channel is not in catch-up mode."""
        ...


class Policy(StrEnum):
    """A registered rule. An enum of policies has a line for each: ``NAME = "name", RuleOfIt()``."""

    rule: Rule

    def __new__(cls, value: str, *rule: Rule) -> Self:  # a tuple, so that ``cls(value)`` has a type
        """Create a member that compares and serializes as its name."""
        policy = str.__new__(cls, value)
        policy._value_, (policy.rule,) = value, rule
        return policy


def follow(current_ns: int, target_ns: int) -> int:
    """Return the delay moved one bounded step, half the error, towards its target."""
    error_ns = target_ns - current_ns
    if 0 <= error_ns <= DEAD_BAND_NS:
        return current_ns
    step_ns = min(MAX_STEP_NS, max(MIN_STEP_NS, abs(error_ns) // 2), abs(error_ns))
    return current_ns + (step_ns if error_ns > 0 else -step_ns)
