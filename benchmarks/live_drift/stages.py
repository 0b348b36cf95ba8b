"""Where the time goes: the steps of each frame, from the server's own trace of the same run.

The trace's clock is the monotonic one of this machine, and so is that of the arrivals.
"""

from __future__ import annotations

import io
from concurrent.futures import Future, ThreadPoolExecutor

import httpx
import pandas as pd

from benchmarks.live_drift.figures import Figures, spread
from benchmarks.live_drift.ledger import CHANNELS, Ledger
from benchmarks.measure.server import Server

NS_PER_MS = 1_000_000
SLACK_S = 30.0
WARM_UP_S = 1.0
WORST_FRAMES = 10
STAGES = {
    "raw: captured to encoded": ("captured", "raw_ready"),
    "raw: encoded to released": ("raw_ready", "raw_released"),
    "raw: released to arrived": ("raw_released", "raw_arrived"),
    "annotated: captured to result": ("captured", "result"),
    "annotated: captured to decided": ("captured", "decided"),
    "annotated: decided to encoded": ("decided", "annotated_ready"),
    "annotated: encoded to released": ("annotated_ready", "annotated_released"),
    "annotated: released to arrived": ("annotated_released", "annotated_arrived"),
}
TO_DRIFT = [name for name in STAGES if name != "annotated: captured to result"]
"""The stages that a frame's drift is the sum of; those of raw count negatively."""


def warm_up(server: Server, camera_id: str) -> None:
    """Have the server record a short trace: for its first it imports pandas, which disturbs it."""
    TraceRequest(server, camera_id, WARM_UP_S).table()


class TraceRequest:
    """Asks the server to record a trace meanwhile."""

    def __init__(self, server: Server, camera_id: str, seconds: float) -> None:
        url = f"{server.url}/cameras/{camera_id}/trace"
        self._executor = ThreadPoolExecutor(1)
        self._answer: Future[httpx.Response] = self._executor.submit(
            httpx.get, url, params={"seconds": seconds}, timeout=seconds + SLACK_S
        )

    def table(self) -> pd.DataFrame:
        """Wait for the trace. Raises httpx.HTTPError."""
        answer = self._answer.result()
        self._executor.shutdown()
        return pd.read_parquet(io.BytesIO(answer.raise_for_status().content))


def stages(table: pd.DataFrame, ledger: Ledger) -> Figures:
    """Return how long each stage took, and which one was to blame for frames out of tolerance.

    ``worst`` are the frames of the largest drift: when they took each step, ms after the capture.
    """
    steps = _steps(table, ledger)
    drift = (steps["annotated_arrived"] - steps["raw_arrived"]).abs()
    late = steps[drift > ledger.tolerance_ms].index
    return {
        "frames": len(steps),
        "ms": {name: spread(_took(steps, name).dropna()) for name in STAGES},
        "late": len(late),
        "blame": _blame(steps, late),
        "worst": [_rounded(steps, pts) for pts in drift.nlargest(WORST_FRAMES).index],
    }


def _steps(table: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Return when each frame took each step, ms after its capture; by pts."""
    at_ns = table.set_index("pts").drop(columns=["keyframe", "detections_pts"]).astype("Float64")
    at_ns["decided_ns"] = at_ns["annotated_ready_ns"] - at_ns["cost_ns"]
    for channel in CHANNELS:
        arrived = {pts: each.at_ns for pts, each in ledger.deliveries[channel].items()}
        at_ns[f"{channel}_arrived_ns"] = pd.Series(arrived, dtype="Float64")
    names = {step for stage in STAGES.values() for step in stage}
    steps = {name: (at_ns[f"{name}_ns"] - at_ns["captured_ns"]) / NS_PER_MS for name in names}
    return pd.DataFrame(steps).dropna(subset=["raw_arrived", "annotated_arrived", "decided"])


def _rounded(steps: pd.DataFrame, pts: int) -> Figures:
    taken = steps.loc[pts].dropna().astype(float).round(1)
    return {"pts": pts, **{str(name): at_ms for name, at_ms in taken.items()}}


def _took(steps: pd.DataFrame, stage: str) -> pd.Series[float]:
    begin, end = STAGES[stage]
    return steps[end] - steps[begin]


def _blame(steps: pd.DataFrame, late: pd.Index[int]) -> dict[str, int]:
    """Count the late frames by the stage that exceeded its own median the most."""
    excess = pd.DataFrame({name: _took(steps, name) for name in TO_DRIFT})
    excess -= excess.median()
    signed = excess * [1 if name.startswith("annotated") else -1 for name in TO_DRIFT]
    found = signed.loc[late].astype(float).idxmax(axis="columns").value_counts()
    return {str(name): int(count) for name, count in found.items()}
