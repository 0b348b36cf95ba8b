"""Plots are built, and drawn by Bokeh, without a warning, whatever is in the table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import holoviews as hv
import numpy as np
import pandas as pd
import pytest

from streamlab.analysis import make_trace, plots, simulate, sweep
from streamlab.core.sync.policy import SyncPolicy

Plot = Callable[[pd.DataFrame], Any]
OVER_TIME = pytest.mark.parametrize(
    "plot", [plots.drift_plot, plots.drift_histogram, plots.box_age_plot]
)


def labels(figure: Any) -> tuple[str, str]:
    return figure.xaxis.axis_label, figure.yaxis.axis_label


@OVER_TIME
@pytest.mark.parametrize("policy", list(SyncPolicy))
def test_every_policy_can_be_drawn(plot: Plot, policy: SyncPolicy) -> None:
    figure = hv.render(plot(simulate(make_trace("lognormal", seconds=5), policy)), backend="bokeh")
    assert all(label.endswith(("(ms)", "(s)", "(%)")) for label in labels(figure))
    assert policy in figure.title.text


@OVER_TIME
def test_a_trace_of_which_nothing_left_can_be_drawn(plot: Plot) -> None:
    simulated = simulate(make_trace("steady", seconds=1), "hybrid")
    simulated["drift_ms"] = np.nan
    simulated["box_age_ms"] = np.nan
    hv.render(plot(simulated), backend="bokeh")


def test_violations_are_marked() -> None:
    simulated = simulate(make_trace("spikes 200 ms", seconds=30), "none")
    assert simulated["violation"].any()
    _, _, marked = plots.drift_plot(simulated)
    assert len(marked) == simulated["violation"].sum()


def test_a_long_trace_is_thinned_and_keeps_its_peaks() -> None:
    simulated = simulate(make_trace("spikes 200 ms", seconds=1000), "none")
    line = plots.box_age_plot(simulated)
    assert len(line) <= plots.MAX_POINTS < len(simulated)
    assert line["box_age_ms"].max() == simulated["box_age_ms"].max()
    assert (np.diff(line["time_s"]) > 0).all()


@pytest.mark.parametrize("gain", ["fresh", "as_shown"])
def test_latency_is_held_against_what_it_buys(gain: Any) -> None:
    runs = sweep(
        ["lognormal", "steady"], max_playout_delays_ms=[50, 100], seconds=3, progress=False
    )
    runs["as_shown"] = runs["fresh"] * 0.8
    both = plots.tradeoff_plot(runs, gain)
    assert isinstance(both, hv.Layout)
    hv.render(both, backend="bokeh")
    one = plots.tradeoff_plot(runs[runs["trace"] == "steady"], gain)
    assert isinstance(one, hv.Overlay)
    figure = hv.render(one, backend="bokeh")
    assert labels(figure)[0] == "mean added latency (ms)"
    assert [item.label.value for item in figure.legend[0].items] == list(SyncPolicy)
