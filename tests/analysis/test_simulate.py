"""A simulated trace is a table with one row per frame, and figures that follow from it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from streamlab.analysis import (
    SIMULATED_COLUMNS,
    make_trace,
    replay,
    simulate,
    summary,
    to_table,
    write_trace,
)
from streamlab.core.sync.policy import SyncPolicy
from streamlab.core.time.timebase import NS_PER_MS
from streamlab.errors import TraceNotFoundError

TRACE = make_trace("lognormal", seconds=10)


def test_one_row_per_frame_with_the_columns_that_are_documented() -> None:
    simulated = simulate(TRACE, SyncPolicy.HYBRID, sync_tolerance_ms=40.0)
    assert list(simulated) == list(SIMULATED_COLUMNS)
    assert simulated["pts"].tolist() == TRACE.pts.tolist()
    assert simulated.attrs == {
        "policy": "hybrid",
        "sync_tolerance_ms": 40.0,
        "max_playout_delay_ms": 250.0,
        "max_stale_fraction": 0.2,
    }


@pytest.mark.parametrize("policy", list(SyncPolicy))
def test_the_columns_say_what_the_replay_did(policy: SyncPolicy) -> None:
    simulated, outcome = simulate(TRACE, policy), replay(TRACE, policy)
    both = simulated["drift_ms"].notna()
    released = simulated[["raw_released_ns", "annotated_released_ns"]]
    assert both.tolist() == released.notna().all(axis=1).tolist()
    np.testing.assert_allclose(simulated["drift_ms"][both], outcome.drift_ms)
    np.testing.assert_allclose(simulated["added_latency_ms"].dropna(), outcome.added_latency_ms)
    assert simulated["violation"].tolist() == (simulated["drift_ms"].abs() > 50).tolist()
    assert simulated["fresh"].tolist() == outcome.fresh.tolist()
    assert simulated["fresh"].tolist() == (simulated["box_age_ms"] == 0).tolist()
    drawn = simulated.dropna(subset="detections_pts")
    age_ms = (drawn["pts"] - drawn["detections_pts"]) / 90
    np.testing.assert_allclose(drawn["box_age_ms"], age_ms.astype("float64"))


def test_a_table_and_its_file_are_traces_too(tmp_path: Path) -> None:
    table, path = to_table(TRACE), tmp_path / "trace.parquet"
    write_trace(table, path, {})
    expected = simulate(TRACE, "pair")
    for same in (table, path, str(path)):
        pd.testing.assert_frame_equal(simulate(same, "pair"), expected)


def test_the_figures_of_a_table_that_can_be_checked_by_hand() -> None:
    simulated = pd.DataFrame(
        {
            "raw_released_ns": pd.array([0, 30 * NS_PER_MS, 70 * NS_PER_MS, None], "Int64"),
            "drift_ms": [0.0, 60.0, -10.0, None],
            "added_latency_ms": [10.0, 20.0, 60.0, None],
            "violation": [False, True, False, False],
            "box_age_ms": [0.0, 0.0, 100.0, None],
            "fresh": [True, True, False, False],
        }
    )
    assert summary(simulated).round(3).to_dict() == {
        "violations": 0.25,
        "lost": 0.25,
        "latency_mean_ms": 30.0,
        "latency_p50_ms": 20.0,
        "latency_p99_ms": 59.2,
        "fresh": 0.5,
        "box_age_p95_ms": 90.0,
        "interval_p99_ms": 39.9,
    }


def test_a_policy_or_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="wishful"):
        simulate(TRACE, "wishful")
    with pytest.raises(TraceNotFoundError):
        simulate(tmp_path / "none.parquet", "pair")
