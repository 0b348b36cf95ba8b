"""A sweep is every combination, once, with what each run came to."""

from __future__ import annotations

import pandas as pd
import pytest

from streamlab.analysis import make_trace, simulate, street_detections, summary, sweep, to_table
from streamlab.core.sync.policy import SyncPolicy
from streamlab.detect.scripted import truth_detector
from streamlab.street.scene import Street

FIGURES = ["violations", "latency_mean_ms", "fresh"]


def test_every_combination_is_one_row() -> None:
    runs = sweep(
        ["steady", "lost frames"],
        policies=["pair", "hybrid"],
        tolerances_ms=[20, 50],
        seeds=[1, 2, 3],
        seconds=3,
        progress=False,
    )
    settings = ["trace", "seed", "policy", "sync_tolerance_ms"]
    assert len(runs) == len(runs[settings].drop_duplicates()) == 2 * 2 * 2 * 3
    (row,) = runs[
        (runs["trace"] == "lost frames")
        & (runs["seed"] == 2)
        & (runs["policy"] == "pair")
        & (runs["sync_tolerance_ms"] == 20)
    ].to_dict("records")
    alone = simulate(make_trace("lost frames", seconds=3, seed=2), "pair", sync_tolerance_ms=20)
    assert {name: row[name] for name in FIGURES} == summary(alone)[FIGURES].to_dict()


def test_recorded_traces_have_no_seed_and_every_policy_runs() -> None:
    trace = make_trace("steady", seconds=2)
    runs = sweep({"monday": to_table(trace), "tuesday": trace}, progress=False)
    assert runs["seed"].isna().all()
    assert runs.groupby("trace")["policy"].agg(list).to_dict() == {
        "monday": list(SyncPolicy),
        "tuesday": list(SyncPolicy),
    }


def test_accuracy_comes_with_the_video() -> None:
    street = Street(160, 90)
    video = street_detections(street, range(60), truth_detector(street), progress=False)
    runs = sweep(["steady"], policies=["hybrid"], seconds=2, video=video, progress=False)
    assert runs["as_shown"].tolist() == [1]
    assert runs["as_shown_ratio"].tolist() == [1]


def test_processes_come_to_the_same() -> None:
    def run(workers: int) -> pd.DataFrame:
        return sweep(["steady"], seconds=2, workers=workers, progress=False)

    pd.testing.assert_frame_equal(run(2), run(1))


def test_the_progress_bar_can_be_switched_off(capsys: pytest.CaptureFixture[str]) -> None:
    sweep(["steady"], policies=["pair"], seconds=1)
    assert "simulating" in capsys.readouterr().err
    sweep(["steady"], policies=["pair"], seconds=1, progress=False)
    assert capsys.readouterr().err == ""


def test_unknown_names() -> None:
    with pytest.raises(KeyError, match="weather"):
        sweep(["weather"], progress=False)
    with pytest.raises(ValueError, match="wishful"):
        sweep(["steady"], policies=["wishful"], seconds=1, progress=False)
