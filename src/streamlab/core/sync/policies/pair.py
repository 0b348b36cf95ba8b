"""``pair``: both are released together, raw alone after ``max_playout_delay_ms``."""

from __future__ import annotations

from streamlab.core.sync.rule import PATIENT_NS, Learned, Playout, Rule


class Pair(Rule):
    """Holds raw until its annotated frame is ready."""

    summary = "raw waits for its frame"

    def playout(self, learned: Learned) -> Playout:
        """Return the longest hold, which ends once the annotated frame is ready."""
        return Playout(PATIENT_NS, learned.max_delay_ns, together=True)
