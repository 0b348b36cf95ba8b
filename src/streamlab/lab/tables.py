"""Tables for people, of what was measured on cameras: pandas, imported when one is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from streamlab.clock import monotonic_ns
from streamlab.core.stats import quantiles
from streamlab.extras import require
from streamlab.manager import Camera

if TYPE_CHECKING:
    import pandas as pd


def cameras_table(cameras: Iterable[Camera]) -> pd.DataFrame:
    """Return one row per camera: what it is, how it is, and how it is run."""
    require("pandas", "traces")
    import pandas as pd  # noqa: PLC0415

    return pd.DataFrame([_camera_row(camera) for camera in cameras]).set_index("camera")


def _camera_row(camera: Camera) -> dict[str, object]:
    metadata, controller = camera.metadata, camera.stream.controller
    switches = quantiles(camera.switches_ms.values(monotonic_ns()))
    return {
        "camera": camera.camera_id,
        "source": camera.spec.display,
        "state": str(camera.state),
        "size": f"{metadata.width}x{metadata.height}",
        "fps": round(float(metadata.fps), 2),
        "detector": camera.pipeline.service.detector.name,
        "sync_policy": str(controller.control.policy),
        "sync_tolerance_ms": controller.meter.tolerance_ms,
        "playout_delay_ms": controller.playout_delay_ms,
        "sync_state": str(controller.meter.state),
        "viewers": len(camera.stream.connections),
        "switch_p50_ms": switches.p50 if switches else None,
        "faults": ", ".join(camera.pipeline.faults.describe()),
        "errors": "; ".join(camera.pipeline.errors),
    }
