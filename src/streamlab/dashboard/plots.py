"""The live plots of one camera: built with HoloViews, updated through Bokeh's streaming.

Rebuilding a plot five times a second would cost more than the video. So each is built once, and
then only new data is sent. A triangle at the edge marks an outlier (see ``axes``). Colours of axes
and labels come from the page's CSS.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import holoviews as hv
from bokeh.models import (
    ColumnDataSource,
    FixedTicker,
    InlineStyleSheet,
    NoOverlap,
    PrintfTickFormatter,
    Range1d,
)
from bokeh.models.annotations import BoxAnnotation, Span
from bokeh.models.renderers import GlyphRenderer

from streamlab.analysis.plots import ALARM, QUIET
from streamlab.dashboard.axes import reach, round_up
from streamlab.dashboard.timeline import WINDOW_S, Timeline, Update

hv.extension("bokeh", logo=False)

ACCENT = "#3f8fd2"
MAX_FRAMES = 2048
MAX_LOOKS = 160
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
        self.drift, drift = self._drift_plot()
        self._within, self._beyond, self._below, self._above = drift
        self.spread, self._bars = self._spread_plot()
        self.latency, self._latency = self._lines("raw_latency_ms", "annotated_latency_ms")
        self.fresh, self._fresh = self._lines("fresh_percent")
        self.bitrate, self._bitrate = self._lines("raw_mbit_s", "annotated_mbit_s", timed=True)
        self._target = _percent_axis(self.fresh)
        self._bands = [
            next(each for each in plot.renderers if isinstance(each, BoxAnnotation))
            for plot in (self.drift, self.spread)
        ]
        self._streamed = (*drift, *self._latency, *self._fresh, *self._bitrate)

    def clear(self) -> None:
        """Empty the plots, because another camera was selected."""
        for source in self._streamed:
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
        low_ms, high_ms = -round_up(-1.2 * low_ms), round_up(1.2 * high_ms)
        self._drift_range.update(start=low_ms, end=high_ms)
        times_s, drifts_ms = timeline.drifts["time_s"], timeline.drifts["drift_ms"]
        _mark(self._below, times_s, [drift_ms < low_ms for drift_ms in drifts_ms], low_ms)
        _mark(self._above, times_s, [drift_ms > high_ms for drift_ms in drifts_ms], high_ms)

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
        self.spread.x_range.end = round_up(max([10.0, *spread.shares]))

    def show_latency(self, update: Update) -> None:
        """Add the latency of each channel."""
        _extend(self.latency, self._latency, update, shortest=20, least=200)

    def show_fresh(self, update: Update, target: float) -> None:
        """Add the share of fresh boxes; the target is a share, too."""
        self._target.location = 100 * target
        _move(self.fresh, update)
        _stream(self._fresh[0], _columns(update.lines, "fresh_percent"), MAX_LOOKS)

    def show_bitrate(self, update: Update) -> None:
        """Add the bitrate of each channel."""
        _extend(self.bitrate, self._bitrate, update, shortest=1, least=1)

    def _drift_plot(self) -> tuple[Any, list[ColumnDataSource]]:
        zero = hv.HLine(0).opts(color=QUIET, alpha=0.5, line_width=1)
        within, beyond = (
            hv.Scatter(_NOTHING, "time_s", "drift_ms").opts(
                color=colour, size=size, alpha=0.75, line_alpha=0
            )
            for colour, size in ((ACCENT, 3), (ALARM, 5))
        )
        below, above = _marks(ALARM, "inverted_triangle"), _marks(ALARM, "triangle")
        plot, sources = _rendered(_band() * zero * within * beyond * below * above)
        plot.y_range = self._drift_range
        return _over_time(plot, timed=True), sources

    def _spread_plot(self) -> tuple[Any, list[ColumnDataSource]]:
        within, beyond = (
            hv.Rectangles([(0.0, 0.0, 0.0, 0.0)]).opts(color=colour, line_alpha=0)
            for colour in (ACCENT, ALARM)
        )
        plot, sources = _rendered(_band() * within * beyond)
        plot.y_range, plot.x_range = self._drift_range, Range1d(start=0, end=100)
        plot.left[0].visible, plot.min_border_left = False, 18
        plot.below[0].formatter = PrintfTickFormatter(format="%d %%")
        plot.below[0].ticker.desired_num_ticks = 2
        plot.below[0].major_label_policy = NoOverlap()
        return plot, sources

    def _lines(self, *names: str, timed: bool = False) -> tuple[Any, list[ColumnDataSource]]:
        """Return a plot of lines over time, and the sources: of all lines, then of their marks."""
        colours = [QUIET if name.startswith("raw") else ACCENT for name in names]
        lines = [
            hv.Curve(_NOTHING, "time_s", name).opts(color=colour, line_width=1.6)
            for name, colour in zip(names, colours, strict=True)
        ]
        plot, sources = _rendered(hv.Overlay([*lines, *(_marks(each) for each in colours)]))
        plot.y_range = Range1d(start=0, end=1)
        plot.left[0].ticker.desired_num_ticks = 2
        return _over_time(plot, timed=timed), sources


def _over_time(plot: Any, *, timed: bool) -> Any:
    """Give a plot a moving time axis; its ticks show seconds ago and stay in place."""
    plot.x_range = Range1d(start=-WINDOW_S, end=0)
    plot.extra_x_ranges = {"ago": Range1d(start=-WINDOW_S, end=0)}
    axis = plot.below[0]
    axis.x_range_name = "ago"
    axis.ticker = FixedTicker(ticks=[])
    axis.major_label_overrides = {-5 * n: f"{5 * n} s ago" for n in range(1, 7)} | {0: "now"}
    axis.visible = timed
    return plot


def _percent_axis(plot: Any) -> Span:
    """Give a plot an axis from 0 to 100 %, and return its line for a target."""
    plot.y_range.end = 105
    plot.left[0].update(
        formatter=PrintfTickFormatter(format="%d %%"), ticker=FixedTicker(ticks=[0, 50, 100])
    )
    target = Span(dimension="width", location=100, line_color=QUIET, line_dash="dashed")
    plot.add_layout(target)
    return target


def _marks(colour: str, marker: str = "triangle") -> hv.Scatter:
    marks = hv.Scatter(_NOTHING, "time_s", "edge")
    return marks.opts(color=colour, marker=marker, size=8, line_alpha=0)


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


def _columns(lines: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {each: lines[each] for each in ("time_s", name)}


def _extend(
    plot: Any, sources: list[ColumnDataSource], update: Update, *, shortest: float, least: float
) -> None:
    """Extend the lines of a plot; its axis seldom changes, and outliers are marked.

    The axis reaches ``shortest`` at least; values up to ``least`` are no outliers.
    """
    _move(plot, update)
    lines, marks = sources[: len(sources) // 2], sources[len(sources) // 2 :]
    shown: list[tuple[list[float], list[float]]] = []
    for source in lines:
        columns: Any = source.data
        (name,) = (each for each in columns if each != "time_s")
        _stream(source, _columns(update.lines, name), MAX_LOOKS)
        shown.append((list(columns["time_s"]), list(columns[name])))
    oldest_s = update.now_s - update.span_s
    points = (point for columns in shown for point in zip(*columns, strict=True))
    highest = reach((value for time_s, value in points if time_s >= oldest_s), least)
    end = round_up(1.1 * max(highest, shortest / 1.1))
    plot.y_range.end = end
    for source, (times_s, values) in zip(marks, shown, strict=True):
        _mark(source, times_s, [value > end for value in values], end)


def _mark(source: ColumnDataSource, times_s: list[float], far: list[bool], edge: float) -> None:
    """Mark the far points just within the edge of their plot."""
    marked = [time_s for time_s, is_far in zip(times_s, far, strict=True) if is_far]
    new: dict[str, Any] = {"time_s": marked, "edge": [0.96 * edge] * len(marked)}
    columns: Any = source.data
    if any(list(columns[name]) != new[name] for name in new):
        source.data = new


def _move(plot: Any, update: Update) -> None:
    """End the window now; it is as long as the data.

    Each plot has its own range; a shared one would redraw all at once.
    """
    span_s = update.span_s
    plot.x_range.update(start=update.now_s - span_s, end=update.now_s)
    ago = plot.extra_x_ranges["ago"]
    if ago.start != -span_s or not plot.below[0].ticker.ticks:
        ago.start = -span_s
        step_s = 5 if span_s <= 20 else 10
        plot.below[0].ticker.ticks = [-each for each in range(0, int(span_s) + 1, step_s)]


_QUIET_AXES: dict[str, Any] = {
    "plot.outline_line_color": None,
    "plot.min_border_left": 40,
    "plot.min_border_right": 18,
    "xaxis.minor_tick_line_color": None,
    "yaxis.minor_tick_line_color": None,
    "yaxis.axis_line_color": None,
    "yaxis.major_tick_line_color": None,
}
