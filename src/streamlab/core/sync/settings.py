"""Settings of a sync controller; all of them can change while the camera runs."""

from __future__ import annotations

from dataclasses import dataclass

from streamlab.core.sync.rule import Policy


@dataclass(frozen=True, slots=True)
class SyncSettings:
    """The settings of a sync controller, the same for all its annotated channels."""

    tolerance_ms: float
    """How far apart a frame's annotated and raw pictures may be released, either way."""
    policy: Policy
    max_playout_delay_ms: float = 250.0
    """How long a raw frame may wait at most."""
    max_stale_fraction: float = 0.2
    """The share of frames that may be drawn with older detections; some policies adapt to it."""
