"""The live plots of one camera: built with HoloViews, updated through Bokeh's streaming.

Rebuilding a plot five times a second would cost more than the video. So each is built once, and
then only new data is sent. Colours of axes and labels come from the page's CSS.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, cast

import holoviews as hv
import numpy as np
from bokeh.models import (
    ColumnDataSource,
    FixedTicker,
    InlineStyleSheet,
    PrintfTickFormatter,
    Range1d,
)
from bokeh.models.annotations import BoxAnnotation
from bokeh.models.renderers import GlyphRenderer

from streamlab.analysis.plots import ALARM, QUIET
from streamlab.dashboard.timeline import WINDOW_S, Timeline, Update

hv.extension("bokeh", logo=False)

ACCENT = "#3f8fd2"
MAX_FRAMES = 2048
MAX_LOOKS = 160
STEPS = (1, 1.5, 2, 3, 4, 5, 7.5, 10)
CSS = """:host {
      --bk-major-label-text-color: var(--plot-text);
      --bk-axis-label-text-color: var(--plot-text);
      --bk-axis-line-color: var(--plot-line);
      --bk-major-tick-line-color: var(--plot-line);
      --bk-grid-line-color: var(--plot-grid);
      --bk-background-fill-color: transparent;
      --bk-border-fill-color: transparent;
    }"""
_NOTHING = [(0.0, float("nan"))]


class LivePlots:
    """The plots of one session; they show the selected camera."""

    def __init__(self) -> None:
        self._drift_range = Range1d(start=-50, end=50)
        self.drift, (self._within, self._beyond) = self._drift_plot()
        self.spread, self._bars = self._spread_plot()
        self.latency, self._latency = self._lines("raw_latency_ms", "annotated_latency_ms")
        self.box_age, self._box_age = self._lines("box_age_ms")
        self.bitrate, self._bitrate = self._lines("raw_mbit_s", "annotated_mbit_s", timed=True)
        self._bands = [
            next(each for each in plot.renderers if isinstance(each, BoxAnnotation))
            for plot in (self.drift, self.spread)
        ]

    def clear(self) -> None:
        """Empty the plots, because another camera was selected."""
        sources = [self._within, self._beyond, *self._latency, *self._box_age, *self._bitrate]
        for source in sources:
            columns: Any = source.data
            source.data = {name: [] for name in columns}

    def show_drift(self, update: Update, timeline: Timeline) -> None:
        """Add the drifts, and move the window and the band."""
        _move(self.drift, update)
        _stream(self._within, update.within, MAX_FRAMES)
        _stream(self._beyond, update.beyond, MAX_FRAMES)
        for band in self._bands:
            band.update(bottom=-timeline.tolerance_ms, top=timeline.tolerance_ms)
        low_ms, high_ms = timeline.reach_ms
        self._drift_range.update(start=-_round_up(-1.2 * low_ms), end=_round_up(1.2 * high_ms))

    def show_spread(self, timeline: Timeline) -> None:
        """Show the histogram of the drift in the window."""
        low_ms, high_ms = cast(
            "tuple[float, float]", (self._drift_range.start, self._drift_range.end)
        )
        spread = timeline.spread(low_ms, high_ms)
        bars = [bar for bar in zip(spread.centres_ms, spread.shares, strict=True) if bar[1]]
        half_ms = 0.45 * spread.width_ms
        for source, beyond in zip(self._bars, (False, True), strict=True):
            own = [bar for bar in bars if (abs(bar[0]) > timeline.tolerance_ms) is beyond]
            source.data = {
                "left": [0.0] * len(own),
                "right": [share for _, share in own],
                "bottom": [centre_ms - half_ms for centre_ms, _ in own],
                "top": [centre_ms + half_ms for centre_ms, _ in own],
            }
        self.spread.x_range.end = _round_up(max([10.0, *spread.shares]))

    def show_latency(self, update: Update) -> None:
        """Add the latency of each channel."""
        _extend(self.latency, self._latency, update, least=20)

    def show_box_age(self, update: Update) -> None:
        """Add the age of the boxes."""
        _extend(self.box_age, self._box_age, update, least=50)

    def show_bitrate(self, update: Update) -> None:
        """Add the bitrate of each channel."""
        _extend(self.bitrate, self._bitrate, update, least=1)

    def _drift_plot(self) -> tuple[Any, list[ColumnDataSource]]:
        zero = hv.HLine(0).opts(color=QUIET, alpha=0.5, line_width=1)
        within, beyond = (
            hv.Scatter(_NOTHING, "time_s", "drift_ms").opts(
                color=colour, size=size, alpha=0.75, line_alpha=0
            )
            for colour, size in ((ACCENT, 3), (ALARM, 5))
        )
        plot, sources = _rendered(_band() * zero * within * beyond)
        plot.y_range = self._drift_range
        return self._over_time(plot, timed=True), sources

    def _spread_plot(self) -> tuple[Any, list[ColumnDataSource]]:
        within, beyond = (
            hv.Rectangles([(0.0, 0.0, 0.0, 0.0)]).opts(color=colour, line_alpha=0)
            for colour in (ACCENT, ALARM)
        )
        plot, sources = _rendered(_band() * within * beyond)
        plot.y_range, plot.x_range = self._drift_range, Range1d(start=0, end=100)
        plot.left[0].visible, plot.min_border_left = False, 18
        plot.below[0].formatter = PrintfTickFormatter(format="%d %%")
        plot.below[0].ticker.desired_num_ticks = 3
        return plot, sources

    def _lines(self, *names: str, timed: bool = False) -> tuple[Any, list[ColumnDataSource]]:
        lines = [
            hv.Curve(_NOTHING, "time_s", name).opts(
                color=QUIET if name.startswith("raw") else ACCENT, line_width=1.6
            )
            for name in names
        ]
        plot, sources = _rendered(hv.Overlay(lines))
        plot.y_range = Range1d(start=0, end=1)
        plot.left[0].ticker.desired_num_ticks = 2
        return self._over_time(plot, timed=timed), sources

    def _over_time(self, plot: Any, *, timed: bool) -> Any:
        """Give a plot a moving time axis; its ticks show seconds ago and stay in place."""
        plot.x_range = Range1d(start=-WINDOW_S, end=0)
        plot.extra_x_ranges = {"ago": Range1d(start=-WINDOW_S, end=0)}
        axis = plot.below[0]
        axis.x_range_name = "ago"
        axis.ticker = FixedTicker(ticks=[-30, -20, -10, 0])
        axis.major_label_overrides = {-30: "30 s ago", -20: "20 s", -10: "10 s", 0: "now"}
        axis.visible = timed
        return plot


def _band() -> hv.HSpan:
    return hv.HSpan(-1, 1).opts(color=ACCENT, alpha=0.13, line_alpha=0)


def _rendered(overlay: hv.Overlay) -> tuple[Any, list[ColumnDataSource]]:
    """Return the plot of an overlay, and the data sources of its elements in order."""
    styled = overlay.opts(
        responsive=True,
        toolbar=None,
        show_legend=False,
        show_grid=True,
        xlabel="",
        ylabel="",
        fontsize={"ticks": "8pt"},
        backend_opts=_QUIET_AXES,
    )
    plot = hv.render(styled, backend="bokeh")
    plot.output_backend = "canvas"  # WebGL without a GPU takes CPU time from the video
    plot.stylesheets = [InlineStyleSheet(css=CSS)]
    plot.center[0].visible = False  # grid lines on the time axis would move with it
    sources = [each.data_source for each in plot.renderers if isinstance(each, GlyphRenderer)]
    return plot, cast("list[ColumnDataSource]", sources)


def _stream(source: ColumnDataSource, new: Mapping[str, Any], most: int) -> None:
    if any(new.values()):
        source.stream(dict(new), rollover=most)


def _extend(plot: Any, sources: list[ColumnDataSource], update: Update, *, least: float) -> None:
    """Extend the lines of a plot, and keep all in view on an axis that seldom changes."""
    _move(plot, update)
    highest = least / 1.1
    for source in sources:
        columns: Any = source.data
        (name,) = (each for each in columns if each != "time_s")
        own = {each: update.lines[each] for each in ("time_s", name)}
        _stream(source, own, MAX_LOOKS)
        highest = float(np.nanmax(np.asarray(columns[name], float), initial=highest))
    plot.y_range.end = _round_up(1.1 * highest)


def _move(plot: Any, update: Update) -> None:
    """End the window now. Each plot has its own range; a shared one would redraw all at once."""
    plot.x_range.update(start=update.now_s - WINDOW_S, end=update.now_s)


def _round_up(value: float) -> float:
    """Return the next higher of ``STEPS`` times a power of ten."""
    unit: float = 10 ** math.floor(math.log10(value))
    return next(step * unit for step in STEPS if step * unit >= 0.999 * value)


_QUIET_AXES: dict[str, Any] = {
    "plot.outline_line_color": None,
    "plot.min_border_left": 40,
    "plot.min_border_right": 18,
    "xaxis.minor_tick_line_color": None,
    "yaxis.minor_tick_line_color": None,
    "yaxis.axis_line_color": None,
    "yaxis.major_tick_line_color": None,
}
