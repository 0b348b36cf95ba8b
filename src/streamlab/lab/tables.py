"""Tables for people, of what was measured on cameras: pandas, imported when one is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from streamlab.clock import monotonic_ns
from streamlab.core.channels import ChannelType
from streamlab.core.stats import quantiles
from streamlab.core.timebase import TIMESCALE
from streamlab.extras import require
from streamlab.manager import Camera
from streamlab.manager.history import FrameRecord

if TYPE_CHECKING:
    import pandas as pd

_MEASURED = ("drift_ms", "raw_latency_ms", "annotated_latency_ms", "box_age_ms")
_BYTES = ("raw_bytes", "annotated_bytes")


def frames_table(records: Iterable[FrameRecord], tolerance_ms: float) -> pd.DataFrame:
    """Return one row per frame, oldest first; what is not known is missing.

    ``pts`` counts 1/90000 s, ``time_s`` is the same in seconds; times end in ``_ms``.
    ``violation``: the drift is beyond the tolerance.
    """
    require("pandas", "traces")
    import pandas as pd  # noqa: PLC0415

    rows = [
        {
            "pts": record.pts,
            "time_s": record.pts / TIMESCALE,
            **{name: getattr(record, name) for name in (*_MEASURED, *_BYTES)},
        }
        for record in records
    ]
    table = pd.DataFrame(
        rows, columns=["pts", "time_s", *_MEASURED, "raw_bytes", "annotated_bytes"]
    )
    table = table.astype(
        {**dict.fromkeys(_MEASURED, "float64"), "raw_bytes": "Int64", "annotated_bytes": "Int64"}
    )
    table["violation"] = table["drift_ms"].abs() > tolerance_ms
    return table


def channels_table(records: Sequence[FrameRecord], tolerance_ms: float) -> pd.DataFrame:
    """Return one row per channel: rates, latencies from capture to release, and the drift."""
    require("pandas", "traces")
    import pandas as pd  # noqa: PLC0415

    rows = {str(channel): _channel_row(records, channel) for channel in ChannelType}
    rows[ChannelType.ANNOTATED] |= _drift_row(records, tolerance_ms)
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("channel")


def cameras_table(cameras: Iterable[Camera]) -> pd.DataFrame:
    """Return one row per camera: what it is, how it is, and how it is run."""
    require("pandas", "traces")
    import pandas as pd  # noqa: PLC0415

    return pd.DataFrame([_camera_row(camera) for camera in cameras]).set_index("camera")


def _channel_row(records: Sequence[FrameRecord], channel: ChannelType) -> dict[str, float | None]:
    left = [each for each in records if getattr(each, f"{channel}_bytes") is not None]
    latency = quantiles([getattr(each, f"{channel}_latency_ms") for each in left])
    span_s = (left[-1].pts - left[0].pts) / TIMESCALE if len(left) > 1 else None
    sent_bytes = sum(getattr(each, f"{channel}_bytes") for each in left[1:])
    return {
        "frames": len(left),
        "fps": (len(left) - 1) / span_s if span_s else None,
        "mbit_s": sent_bytes * 8e-6 / span_s if span_s else None,
        "latency_p50_ms": latency.p50 if latency else None,
        "latency_p95_ms": latency.p95 if latency else None,
    }


def _drift_row(records: Sequence[FrameRecord], tolerance_ms: float) -> dict[str, float | None]:
    drifts_ms = [abs(each.drift_ms) for each in records if each.drift_ms is not None]
    ages_ms = [each.box_age_ms for each in records if each.box_age_ms is not None]
    drift, age = quantiles(drifts_ms), quantiles(ages_ms)
    within = sum(drift_ms <= tolerance_ms for drift_ms in drifts_ms)
    return {
        "drift_p50_ms": drift.p50 if drift else None,
        "drift_p95_ms": drift.p95 if drift else None,
        "drift_max_ms": drift.max if drift else None,
        "within_tolerance": within / len(drifts_ms) if drifts_ms else None,
        "box_age_p50_ms": age.p50 if age else None,
        "fresh": ages_ms.count(0) / len(ages_ms) if ages_ms else None,
    }


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
