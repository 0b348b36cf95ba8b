"""``hold``: raw waits for a smoothed H that follows annotated's delay behind raw."""

from __future__ import annotations

from dataclasses import replace

from streamlab.core.sync.rule import DEAD_BAND_NS, PATIENT_NS, Learned, Playout, Rule, follow


class Hold(Rule):
    """Holds raw as long as nearly every annotated frame needs to be within the tolerance."""

    summary = "raw waits a fixed time"

    def adapt(self, learned: Learned) -> Learned:
        """Move H one step towards the delay."""
        if learned.delay_ns is None:
            return learned
        wanted_ns = max(0, learned.delay_ns - learned.tolerance_ns + DEAD_BAND_NS)
        hold_ns = follow(learned.hold_ns, min(wanted_ns, learned.max_delay_ns))
        return replace(learned, hold_ns=hold_ns)

    def playout(self, learned: Learned) -> Playout:
        """Return H, whether the annotated frame is ready or not."""
        return Playout(PATIENT_NS, learned.hold_ns, together=False)
