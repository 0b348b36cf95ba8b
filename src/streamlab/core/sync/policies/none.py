"""``none``: nothing waits; the baseline."""

from __future__ import annotations

from streamlab.core.sync.rule import PATIENT_NS, Learned, Playout, Rule


class NoWaiting(Rule):
    """Releases every frame as soon as it is ready."""

    summary = "as it comes"
    waits = False

    def playout(self, _learned: Learned, /) -> Playout:
        """Return no hold, and all the time that a detector may need."""
        return Playout(PATIENT_NS, 0, together=False)
