"""``deadline``: a fixed D; both are released a fixed time after raw is ready."""

from __future__ import annotations

from streamlab.core.sync.rule import Learned, Playout, Rule


class Deadline(Rule):
    """Holds raw for ``max_playout_delay_ms``, and draws annotated in time to be ready then."""

    summary = "fixed, boxes may be older"

    def playout(self, learned: Learned) -> Playout:
        """Return the longest hold, and a D that leaves time for the cost of a frame."""
        longest_ns = learned.max_delay_ns
        return Playout(max(0, longest_ns - learned.overhead_ns), longest_ns, together=False)
