"""Tables of the measurements on a camera's newest frames."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from streamlab.core.channels import ChannelType
from streamlab.core.stats import quantiles
from streamlab.core.time.timebase import TIMESCALE
from streamlab.viewers.history import FrameRecord

_MEASURED = ("drift_ms", "raw_latency_ms", "annotated_latency_ms", "box_age_ms")
_BYTES = ("raw_bytes", "annotated_bytes")


def frames_table(records: Iterable[FrameRecord], tolerance_ms: float) -> pd.DataFrame:
    """Return one row per frame, oldest first; unknown values are missing.

    ``pts`` counts 1/90000 s, ``time_s`` is the same in seconds; columns in ms end in ``_ms``.
    ``violation``: the drift exceeds the tolerance.
    """
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
    rows = {str(channel): _channel_row(records, channel) for channel in ChannelType}
    rows[ChannelType.ANNOTATED] |= _drift_row(records, tolerance_ms)
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("channel")


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
