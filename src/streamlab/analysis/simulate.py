"""Simulates a trace under another policy: one row per frame, and summary figures."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd

from streamlab.analysis.replay import replay
from streamlab.analysis.table import nullable, read_trace, to_trace
from streamlab.analysis.trace import NO_RESULT, Trace
from streamlab.core.sync.policy import SyncPolicy
from streamlab.core.time.timebase import NS_PER_MS, TIMESCALE

SIMULATED_COLUMNS: dict[str, str] = {
    "pts": "media time of the frame, 1/90000 s",
    "time_s": "when it was captured, s after the first one",
    "raw_released_ns": "when it left in the raw channel, on the trace's clock; null when never",
    "annotated_released_ns": "when it left in the annotated channel; null when never",
    "drift_ms": "annotated release minus raw release; NaN unless it left in both channels",
    "added_latency_ms": "how long its raw picture waited after it was ready",
    "violation": "whether it drifted by more than the tolerance",
    "detections_pts": "pts of the frame that its boxes were computed on; null without boxes",
    "box_age_ms": "pts minus detections_pts; NaN without boxes",
    "fresh": "whether its boxes were computed on this very frame",
}
"""Meaning and unit of each column of a simulated trace."""

AnyTrace: TypeAlias = Trace | pd.DataFrame | str | Path
"""A trace, its table, or the Parquet file that holds it."""


def simulate(
    trace: AnyTrace,
    policy: SyncPolicy | str,
    *,
    sync_tolerance_ms: float = 50.0,
    max_playout_delay_ms: float = 250.0,
    max_stale_fraction: float = 0.2,
) -> pd.DataFrame:
    """Simulate each frame under another policy, with the controller that runs live.

    Returns:
        ``SIMULATED_COLUMNS``, one row per frame; ``.attrs`` holds the policy and the settings.

    Raises:
        TraceError: the file or table is not a trace.
        ValueError: the policy is unknown.
    """
    trace, policy = as_trace(trace), SyncPolicy(policy)
    settings = {
        "sync_tolerance_ms": sync_tolerance_ms,
        "max_playout_delay_ms": max_playout_delay_ms,
        "max_stale_fraction": max_stale_fraction,
    }
    outcome = replay(trace, policy, **settings)
    raw, annotated = outcome.raw_released_ns, outcome.annotated_released_ns
    both = (raw != NO_RESULT) & (annotated != NO_RESULT)
    drift_ms = np.where(both, (annotated - raw) / NS_PER_MS, np.nan)
    age = (trace.pts - outcome.detections_pts) * 1000 / TIMESCALE
    simulated = pd.DataFrame(
        {
            "pts": trace.pts,
            "time_s": (trace.captured_ns - trace.captured_ns[:1]) / 1e9,
            "raw_released_ns": nullable(raw),
            "annotated_released_ns": nullable(annotated),
            "drift_ms": drift_ms,
            "added_latency_ms": np.where(
                raw != NO_RESULT, (raw - trace.raw_ready_ns) / NS_PER_MS, np.nan
            ),
            "violation": np.abs(drift_ms) > sync_tolerance_ms,
            "detections_pts": nullable(outcome.detections_pts),
            "box_age_ms": np.where(outcome.detections_pts != NO_RESULT, age, np.nan),
            "fresh": outcome.fresh,
        }
    )
    simulated.attrs.update(settings, policy=str(policy))
    return simulated


def summary(simulated: pd.DataFrame) -> pd.Series[float]:
    """Return the summary figures of a simulated trace.

    ``violations``, ``lost`` (released in one channel only, or in none) and ``fresh`` are shares of
    all frames. Latencies, ages and intervals are in ms; an interval is between two raw releases.
    """
    latency_ms = simulated["added_latency_ms"]
    released_ns = simulated["raw_released_ns"].dropna().astype("int64").sort_values()
    return pd.Series(
        {
            "violations": simulated["violation"].mean(),
            "lost": simulated["drift_ms"].isna().mean(),
            "latency_mean_ms": latency_ms.mean(),
            "latency_p50_ms": latency_ms.quantile(0.5),
            "latency_p99_ms": latency_ms.quantile(0.99),
            "fresh": simulated["fresh"].mean(),
            "box_age_p95_ms": simulated["box_age_ms"].quantile(0.95),
            "interval_p99_ms": released_ns.diff().quantile(0.99) / NS_PER_MS,
        }
    )


def as_trace(trace: AnyTrace) -> Trace:
    """Return the trace itself, or the one in a table or Parquet file."""
    if isinstance(trace, Trace):
        return trace
    return to_trace(trace if isinstance(trace, pd.DataFrame) else read_trace(trace))
