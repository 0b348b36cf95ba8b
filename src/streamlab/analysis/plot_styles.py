"""The style of the analysis plots, for both libraries that draw them: Bokeh and Matplotlib."""

from __future__ import annotations

from typing import Any

import holoviews as hv

# Imported so that options can be given for both; Bokeh comes first and so stays the default.
import holoviews.plotting.bokeh
import holoviews.plotting.mpl

WIDTH_PX, HEIGHT_PX = 760, 290
INK, QUIET, BAND, ALARM = "#33475b", "#8795a5", "#e3ece7", "#c2453d"
_GRID = "#eef1f4"
_FONT_PT = {"title": 11, "labels": 10, "ticks": 9, "legend": 9}
_PX_PER_INCH = 96
_PT_PER_PX = 72 / _PX_PER_INCH


def with_band(span: hv.HSpan | hv.VSpan) -> Any:
    """Style a span as the muted band of allowed values."""
    return _both(
        span,
        bokeh={"color": BAND, "alpha": 1, "line_alpha": 0},
        matplotlib={"color": None, "facecolor": BAND, "alpha": 1, "linewidth": 0},
    )


def with_dots(dots: hv.Scatter, colour: str, *, size_px: float, hollow: bool = False) -> Any:
    """Style points as discs, or as rings if ``hollow``; Bokeh shows values on large ones."""
    large = size_px > 6
    fill = "white" if hollow else colour
    return _both(
        dots,
        bokeh={
            "fill_color": fill,
            "line_color": colour,
            "line_alpha": 1 if large else 0,
            "size": size_px,
            "tools": ["hover"] if large else [],
        },
        matplotlib={
            "facecolors": fill,
            "edgecolors": colour,
            "linewidth": 1 if large else 0,
            "s": (size_px * _PT_PER_PX) ** 2,
        },
    )


def with_line(curve: hv.Curve, colour: str, *, width_px: float) -> Any:
    """Style a curve as a line."""
    return _both(
        curve,
        bokeh={"color": colour, "line_width": width_px},
        matplotlib={"color": colour, "linewidth": width_px * _PT_PER_PX},
    )


def with_bars(bars: hv.Rectangles, colour: str) -> Any:
    """Style rectangles as bars without an edge."""
    return _both(
        bars,
        bokeh={"color": colour, "line_alpha": 0},
        matplotlib={"color": None, "facecolor": colour, "edgecolor": colour, "linewidth": 0},
    )


def framed(plot: Any, title: str, across: hv.Dimension, up: hv.Dimension, **options: Any) -> Any:
    """Apply the shared size, muted axes and grid. ``options`` apply to both libraries."""
    shared = {
        "title": title,
        "xlabel": across.pprint_label,
        "ylabel": up.pprint_label,
        "show_grid": True,
        **options,
    }
    return _both(plot, bokeh={**_BOKEH, **shared}, matplotlib={**_MATPLOTLIB, **shared})


def _both(plot: Any, *, bokeh: dict[str, Any], matplotlib: dict[str, Any]) -> Any:
    return plot.opts(backend="bokeh", **bokeh).opts(backend="matplotlib", **matplotlib)


def _quiet_axes(plot: Any, _element: object) -> None:
    """Make a Matplotlib figure look like those of Bokeh."""
    axes = plot.handles["axis"]
    axes.yaxis.set_zorder(-1)  # draws its grid below the data
    axes.grid(visible=False, axis="x")
    axes.grid(visible=True, axis="y", color=_GRID, linewidth=1, linestyle="-")
    axes.title.set_color(INK)
    axes.minorticks_off()
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(QUIET)
    axes.tick_params(color=QUIET)


_BOKEH: dict[str, Any] = {
    "fontsize": {name: f"{size_pt}pt" for name, size_pt in _FONT_PT.items()},
    "width": WIDTH_PX,
    "height": HEIGHT_PX,
    "toolbar": "above",
    "backend_opts": {
        "plot.title.text_color": INK,
        "plot.title.text_font_style": "normal",
        "plot.outline_line_color": None,
        "plot.toolbar.autohide": True,
        "xgrid.grid_line_color": None,
        "ygrid.grid_line_color": _GRID,
        "xaxis.axis_label_text_font_style": "normal",
        "yaxis.axis_label_text_font_style": "normal",
        "xaxis.axis_line_color": QUIET,
        "yaxis.axis_line_color": QUIET,
        "xaxis.minor_tick_line_color": None,
        "yaxis.minor_tick_line_color": None,
    },
}
_MATPLOTLIB: dict[str, Any] = {
    "fontsize": _FONT_PT,
    "fig_inches": (WIDTH_PX / _PX_PER_INCH, HEIGHT_PX / _PX_PER_INCH),
    "aspect": "auto",
    "hooks": [_quiet_axes],
}
