"""What the channels of a camera are kept together by; all of it can change while it runs."""

from __future__ import annotations

from dataclasses import dataclass

from streamlab.core.sync.playout import SyncPolicy


@dataclass(frozen=True, slots=True)
class SyncSettings:
    """The settings of a sync controller, the same for all its annotated channels."""

    tolerance_ms: float
    """A frame's annotated picture may leave this much before or after its raw one."""
    policy: SyncPolicy = SyncPolicy.HYBRID
    max_playout_delay_ms: float = 250.0
    """No raw frame waits longer."""
    max_stale_fraction: float = 0.2
    """The share of frames that may be drawn with older boxes; ``hybrid`` only."""
