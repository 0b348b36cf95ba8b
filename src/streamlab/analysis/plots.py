"""Plots of the analysis tables: HoloViews elements, drawn by Bokeh or by Matplotlib.

In a notebook, plots are pictures, which stay in the file (``show_pictures``). After
``hv.extension("bokeh")`` they can be zoomed as well, while the page has its scripts. Elsewhere use
``hv.save(plot, "plot.html")``. A long trace is thinned to ``MAX_POINTS`` points; every peak is
kept.
"""

from __future__ import annotations

import sys
from itertools import cycle
from typing import Literal

import holoviews as hv
import numpy as np
import pandas as pd

from streamlab.analysis.plot_pictures import png, show_pictures
from streamlab.analysis.plot_styles import (
    ALARM,
    BAND,
    INK,
    QUIET,
    framed,
    with_band,
    with_bars,
    with_dots,
    with_line,
)
from streamlab.core.sync.policy import SyncPolicy

__all__ = [
    "ALARM",
    "BAND",
    "BIN_MS",
    "INK",
    "MAX_POINTS",
    "MAX_VIOLATIONS",
    "POLICY_COLOURS",
    "QUIET",
    "box_age_plot",
    "drift_histogram",
    "drift_plot",
    "png",
    "show_pictures",
    "tradeoff_plot",
]

MAX_POINTS = 20_000
BIN_MS = 2.0
MAX_VIOLATIONS = 0.001
POLICY_COLOURS = dict(
    zip(SyncPolicy, cycle(["#9aa5b1", "#c9973f", "#4a8db7", "#5d9c76", "#7d4e9e"]), strict=False)
)
_TIME = hv.Dimension("time_s", label="time", unit="s")
_DRIFT = hv.Dimension("drift_ms", label="drift", unit="ms")
_AGE = hv.Dimension("box_age_ms", label="box age", unit="ms")
_LATENCY = hv.Dimension("latency_mean_ms", label="mean added latency", unit="ms")
_SHARE = hv.Dimension("share", label="share of frames", unit="%")
_SETTINGS = ["sync_tolerance_ms", "max_playout_delay_ms", "max_stale_fraction"]
_FIGURES = ["latency_mean_ms", "violations"]
_GAINS = {
    "fresh": hv.Dimension("fresh", label="fresh frames", unit="%"),
    "as_shown": hv.Dimension("as_shown", label="as-shown accuracy (mean IoU)"),
}

if "IPython" in sys.modules:
    show_pictures()


def drift_plot(simulated: pd.DataFrame) -> hv.Overlay:
    """Plot the drift over time: the tolerance as a band, each violation marked.

    ``simulated`` is what ``simulate`` returns, or a camera's ``frames``.
    """
    left = simulated[["time_s", "drift_ms", "violation"]].dropna()
    tolerance_ms = simulated.attrs["sync_tolerance_ms"]
    edge_ms = 1.15 * np.abs(left["drift_ms"].to_numpy()).max(initial=tolerance_ms)
    within = hv.Scatter(_thinned(left[~left["violation"]], "drift_ms"), _TIME, _DRIFT)
    beyond = hv.Scatter(_thinned(left[left["violation"]], "drift_ms"), _TIME, _DRIFT)
    layers = (
        with_band(hv.HSpan(-tolerance_ms, tolerance_ms))
        * with_dots(within, INK, size_px=3)
        * with_dots(beyond, ALARM, size_px=5)
    )
    return framed(layers, _title("Drift", simulated), _TIME, _DRIFT, ylim=(-edge_ms, edge_ms))


def drift_histogram(simulated: pd.DataFrame) -> hv.Overlay:
    """Plot the distribution of the drift, on a logarithmic scale, so that rare values show."""
    drift_ms = simulated["drift_ms"].dropna().to_numpy()
    tolerance_ms = simulated.attrs["sync_tolerance_ms"]
    edge_ms = BIN_MS * np.ceil(np.abs(drift_ms).max(initial=1.2 * tolerance_ms) / BIN_MS)
    counts, edges_ms = np.histogram(drift_ms, np.arange(-edge_ms, edge_ms + BIN_MS, BIN_MS))
    least = 50 / max(1, len(drift_ms))  # half a frame, since a logarithmic axis has no zero
    seen = counts > 0
    bars = pd.DataFrame(
        {"from": edges_ms[:-1], "least": least, "to": edges_ms[1:], "share": 2 * least * counts}
    )[seen]
    beyond = (bars["from"] >= tolerance_ms) | (bars["to"] <= -tolerance_ms)
    layers = (
        with_band(hv.VSpan(-tolerance_ms, tolerance_ms))
        * with_bars(hv.Rectangles(bars[~beyond]), INK)
        * with_bars(hv.Rectangles(bars[beyond]), ALARM)
    )
    return framed(
        layers,
        _title("Distribution of the drift", simulated),
        _DRIFT,
        _SHARE,
        logy=True,
        yformatter="%g",
        xlim=(
            np.nanmin([bars["from"].min(), -1.2 * tolerance_ms]),
            np.nanmax([bars["to"].max(), 1.2 * tolerance_ms]),
        ),
        ylim=(least, 150),
    )


def box_age_plot(simulated: pd.DataFrame) -> hv.Curve:
    """Plot the age of the boxes on each frame over time; gaps are frames without boxes."""
    ages = simulated[["time_s", "box_age_ms"]]
    line = with_line(hv.Curve(_thinned(ages, "box_age_ms"), _TIME, _AGE), INK, width_px=1)
    most_ms = max(50.0, 1.1 * ages["box_age_ms"].max())
    return framed(line, _title("Age of the boxes", simulated), _TIME, _AGE, ylim=(0, most_ms))


def tradeoff_plot(
    runs: pd.DataFrame, gain: Literal["fresh", "as_shown"] = "fresh"
) -> hv.Overlay | hv.Layout:
    """Plot what added latency gains: a curve per policy through the runs of a ``sweep``.

    ``gain`` is the share of fresh frames, or the as-shown accuracy. A run is hollow if its share of
    violations exceeds ``MAX_VIOLATIONS``: its latency did not keep the channels together. Runs that
    differ in their seed alone are averaged. Each trace has its own plot.
    """
    plots = [_tradeoff(own, str(trace), gain) for trace, own in runs.groupby("trace", sort=False)]
    return plots[0] if len(plots) == 1 else hv.Layout(plots).cols(2)


def _tradeoff(runs: pd.DataFrame, trace: str, gain: str) -> hv.Overlay:
    points = runs.groupby(["policy", *_SETTINGS], as_index=False)[[*_FIGURES, gain]].mean()
    if gain == "fresh":
        points[gain] *= 100
    curves = []
    for policy, colour in POLICY_COLOURS.items():
        own = points[points["policy"] == policy].sort_values("latency_mean_ms")
        if own.empty:
            continue
        axes = [_LATENCY], [_GAINS[gain], "violations", *_SETTINGS]
        kept = own["violations"] <= MAX_VIOLATIONS
        curves += [
            with_line(hv.Curve(own, *axes, label=str(policy)), colour, width_px=2),
            with_dots(hv.Scatter(own[kept], *axes), colour, size_px=8),
            with_dots(hv.Scatter(own[~kept], *axes), colour, size_px=8, hollow=True),
        ]
    title = f"What latency buys · {trace} (hollow: over {100 * MAX_VIOLATIONS:g} % violations)"
    return framed(
        hv.Overlay(curves), title, _LATENCY, _GAINS[gain], legend_position="right", padding=0.05
    )


def _thinned(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return at most ``MAX_POINTS`` rows: the minimum and maximum of each stretch."""
    if len(table) <= MAX_POINTS:
        return table
    stretch = np.arange(len(table)) * (MAX_POINTS // 2) // len(table)
    values = table[column].reset_index(drop=True).dropna().groupby(stretch)
    return table.iloc[np.unique(np.concatenate([values.idxmin(), values.idxmax()]))]


def _title(what: str, simulated: pd.DataFrame) -> str:
    settings, lost = simulated.attrs, simulated["drift_ms"].isna().mean()
    left_out = f" ({lost:.1%} of the frames left in one channel only)" if lost else ""
    return (
        f"{what} · {settings['policy']}, tolerance {settings['sync_tolerance_ms']:g} ms{left_out}"
    )
