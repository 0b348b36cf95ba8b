"""``hybrid``: the least D that keeps enough frames fresh, and the least H for that D.

H is no more than keeps the drift of the latest frame within the tolerance: H = D - spare. Raw is
released as soon as its result has arrived, since the annotated frame then follows soon. A D up to
the spare needs no H at all, so D is never less; nor is D less than the spare of a frame of the
usual cost, as far as lags need it, so that rare slow frames cost delay but no fresh detections.
"""

from __future__ import annotations

from dataclasses import replace

from streamlab.core.sync.rule import Learned, Playout, Rule, follow


class Hybrid(Rule):
    """Trades latency for fresh detections, with the tolerance as slack."""

    summary = "as short as it can be"

    def wanted_ns(self, learned: Learned) -> int:
        """Return the D that keeps enough frames fresh, at least the least one."""
        return max(learned.fresh_ns or 0, _least_ns(learned))

    def adapt(self, learned: Learned) -> Learned:
        """Move D one step towards what keeps enough frames fresh."""
        if learned.fresh_ns is None:
            return learned
        deadline_ns = follow(max(learned.deadline_ns, learned.spare_ns), learned.fresh_ns)
        return replace(learned, deadline_ns=deadline_ns)

    def playout(self, learned: Learned) -> Playout:
        """Return D, and the H that it needs."""
        spare_ns = learned.spare_ns
        deadline_ns = max(learned.deadline_ns, spare_ns, _least_ns(learned), 0)
        deadline_ns = min(deadline_ns, learned.reach_ns)
        hold_ns = min(max(0, deadline_ns - spare_ns), learned.max_delay_ns)
        return Playout(deadline_ns, hold_ns, together=True, result_cost_ns=learned.cost_ns)


def _least_ns(learned: Learned) -> int:
    return min(learned.usual_spare_ns, learned.reached_ns * 5 // 4)  # lags vary
