"""pandas tables of camera status. pandas is imported when a table is requested."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from streamlab.extras import require
from streamlab.protocol.status import CameraStatus

if TYPE_CHECKING:
    import pandas as pd


def cameras_table(cameras: Iterable[CameraStatus]) -> pd.DataFrame:
    """Return one row per camera: its source, its state and its settings."""
    require("pandas", "traces")
    import pandas as pd  # noqa: PLC0415

    return pd.DataFrame([_camera_row(status) for status in cameras]).set_index("camera")


def _camera_row(status: CameraStatus) -> dict[str, object]:
    return {
        "camera": status.camera_id,
        "source": status.source,
        "state": status.state,
        "size": f"{status.width or 0}x{status.height or 0}",
        "fps": round(status.fps or 0.0, 2),
        "detector": status.detector.name,
        "sync_policy": status.sync.policy,
        "sync_tolerance_ms": status.sync.tolerance_ms,
        "playout_delay_ms": status.playout_delay_ms,
        "sync_state": status.sync_state,
        "viewers": status.viewers.connections,
        "switch_p50_ms": status.viewers.switch_ms["p50"],
        "faults": ", ".join(status.faults),
        "errors": "; ".join(status.errors),
    }
