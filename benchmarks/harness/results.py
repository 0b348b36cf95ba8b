"""The figures of one notebook."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.harness.figure import Figure, Goal, as_samples, written, written_goal
from benchmarks.harness.folders import ROOT
from benchmarks.harness.machine import describe_machine

pd.set_option("display.max_colwidth", 120)  # notes are read whole


class Results:
    """Collects a notebook's figures, shows them beside their goals, and keeps them.

    ``out`` is a folder; one that is not absolute is taken from the repository's root.
    """

    def __init__(self, notebook: str, out: str | Path, *, short: bool) -> None:
        self.notebook = notebook
        self.short = short
        self.figures: dict[str, Figure] = {}
        self._path = ROOT / out / f"{notebook}.json"

    def add(
        self,
        name: str,
        samples: float | Sequence[float],
        *,
        unit: str = "x",
        goal: Goal | None = None,
        gated: bool = False,
        note: str = "",
    ) -> Figure:
        """Add a figure. Its samples are ratios within a run where it is ``gated``.

        Raises ValueError for a name that was there already, and for samples that are no numbers.
        """
        if name in self.figures:
            raise ValueError(f"{self.notebook} has a figure {name} already")
        figure = Figure(name, as_samples(samples), unit, goal, gated, note)
        self.figures[name] = figure
        return figure

    def table(self) -> pd.DataFrame:
        """Return the figures for display: a row for each, written in words."""
        return figures_table(list(self.figures.values()))

    def save(self) -> None:
        """Write them to ``out``, over what an earlier run left."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(self.to_json(), indent=1) + "\n")

    def to_json(self) -> dict[str, Any]:
        """Return what is written."""
        return {
            "notebook": self.notebook,
            "short": self.short,
            "machine": describe_machine(),
            "figures": [figure.to_json() for figure in self.figures.values()],
        }


def figures_table(figures: Sequence[Figure]) -> pd.DataFrame:
    """Return a table of figures, written in words."""
    rows = [
        {
            "figure": figure.name,
            "median": written(figure.median, figure.unit),
            "spread": _spread(figure),
            "goal": written_goal(figure.goal, figure.unit),
            "": {True: "met", False: "missed", None: ""}[figure.met],
            "note": figure.note,
        }
        for figure in figures
    ]
    columns = ["figure", "median", "spread", "goal", "", "note"]
    return pd.DataFrame(rows, columns=columns).set_index("figure")


def _spread(figure: Figure) -> str:
    if len(figure.samples) == 1:
        return "one sample"
    low, high = figure.spread
    return f"{written(low)} to {written(high)}, n = {len(figure.samples)}"
