"""Plots with one look, as pictures that stay in a notebook without any script beside them.

Each returns a matplotlib figure that a notebook shows: make it the last line of a cell.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

OURS, THEIRS, LIMIT = "#0f766e", "#94a3b8", "#b91c1c"
LOOK: dict[Any, object] = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.dpi": 110,
    "grid.color": "#e2e8f0",
}
ROW_IN, WIDTH_IN = 0.34, 7.5


class Plot(Figure):
    """A figure that shows itself, whatever backend the notebook has."""

    def _repr_png_(self) -> bytes:
        picture = io.BytesIO()
        self.savefig(picture, format="png")
        return picture.getvalue()


def axes(width_in: float = WIDTH_IN, height_in: float = 3.0) -> tuple[Plot, Axes]:
    """Return an empty plot with the common look, for what the others here do not draw."""
    with mpl.rc_context(LOOK):
        plot = Plot(figsize=(width_in, height_in), layout="constrained")
        return plot, plot.add_subplot()


def compare(
    samples: Mapping[str, Sequence[float]],
    *,
    unit: str,
    title: str = "",
    ours: str | Sequence[str] = "streamlab",
    goal: float | None = None,
    log: bool = False,
) -> Plot:
    """Draw a bar to the median of each way, and a dot for each of its samples.

    ``ours`` names what stands out; ``goal`` is a line across.
    """
    named = {ours} if isinstance(ours, str) else set(ours)
    plot, ax = axes(height_in=0.9 + ROW_IN * len(samples))
    for row, (name, values) in enumerate(samples.items()):
        middle = float(np.median(values))
        ax.barh(row, middle, height=0.6, color=OURS if name in named else THEIRS)
        ax.plot(values, [row] * len(values), "|", color="black", markersize=8)
        ax.annotate(
            f"{middle:.3g}", (max(values), row), (6, 0), textcoords="offset points", va="center"
        )
    ax.set_yticks(range(len(samples)), list(samples))
    ax.invert_yaxis()
    ax.margins(x=0.12)
    if goal is not None:
        ax.axvline(goal, color=LIMIT, linewidth=1, linestyle="--")
    ax.set_xlabel(unit)
    _finish(ax, title, log=log)
    return plot


def distributions(
    samples: Mapping[str, Sequence[float]],
    *,
    unit: str,
    title: str = "",
    limits: Mapping[str, float] | None = None,
    log: bool = True,
) -> Plot:
    """Draw where the values of each row lie: the middle half thick, p1 to p99 thin, max a dot.

    ``limits`` are marks in red, row by row.
    """
    limits = limits or {}
    plot, ax = axes(height_in=0.9 + ROW_IN * len(samples))
    for row, (name, values) in enumerate(samples.items()):
        p1, p25, p50, p75, p99 = np.quantile(values, [0.01, 0.25, 0.5, 0.75, 0.99])
        ax.plot([p1, p99], [row, row], color=OURS, linewidth=1.5, solid_capstyle="butt")
        ax.plot([p25, p75], [row, row], color=OURS, linewidth=7, solid_capstyle="butt")
        ax.plot([p50], [row], "|", color="white", markersize=7, markeredgewidth=1.5)
        ax.plot([max(values)], [row], ".", color=OURS)
        if name in limits:
            ax.plot([limits[name]], [row], "|", color=LIMIT, markersize=16, markeredgewidth=2)
    ax.set_yticks(range(len(samples)), list(samples))
    ax.set_ylim(len(samples) - 0.4, -0.6)
    ax.grid(axis="x")
    ax.set_xlabel(f"{unit} (middle half, p1 to p99, max{'; red: limit' if limits else ''})")
    _finish(ax, title, log=log)
    return plot


def cumulative(
    samples: Mapping[str, Sequence[float]],
    *,
    unit: str,
    title: str = "",
    limit: float | None = None,
    log: bool = False,
) -> Plot:
    """Draw the share of values below each value, a line for each way."""
    plot, ax = axes()
    for name, values in samples.items():
        ordered = np.sort(np.asarray(values, float))
        shares = np.arange(len(ordered) + 1) / len(ordered)
        ax.step([ordered[0], *ordered], shares, where="post", label=name)
    if limit is not None:
        ax.axvline(limit, color=LIMIT, linewidth=1, linestyle="--")
    ax.set_ylim(0, 1.01)
    ax.grid()
    ax.set_xlabel(unit)
    ax.set_ylabel("share of values")
    _finish(ax, title, log=log)
    ax.legend(frameon=False)
    return plot


def _finish(ax: Axes, title: str, *, log: bool) -> None:
    ax.set_title(title, loc="left", fontsize=10)
    if log:
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter("{x:g}")
