"""What ships beside the model: its figures (JSON), its card (Markdown), its curves (SVG)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from benchmarks.street_model.evaluate import DEFAULT_CONFIDENCE, LARGE_PX, Accuracy
from benchmarks.street_model.matching import merged

_COLOURS = ("#3366cc", "#dc7f12", "#109618", "#990099", "#0099c6", "#b82e2e")
_POINTS = 150


def write_figures(path: Path, figures: dict[str, Any]) -> None:
    """Write the figures that the card is made of and that the tests hold the model to."""
    path.write_text(json.dumps(figures, indent=2) + "\n")


def draw_curves(path: Path, accuracy: Accuracy) -> None:
    """Draw precision over recall of every class, larger objects only, as SVG."""
    mpl.rcParams["svg.hashsalt"] = "streamlab"  # the same picture every time
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for colour, (name, tally) in zip(_COLOURS, accuracy.large.items(), strict=True):
        recall, precision, _ = tally.curve()
        if not len(recall):
            continue
        chosen = np.unique(np.linspace(0, len(recall) - 1, _POINTS).astype(int))
        axes.plot(recall[chosen], precision[chosen], label=name, color=colour, linewidth=1.2)
    everyone = merged(list(accuracy.large.values()))
    recall_at, precision_at = everyone.at(DEFAULT_CONFIDENCE)
    axes.plot(recall_at, precision_at, "k*", label=f"all, confidence > {DEFAULT_CONFIDENCE}")
    axes.set(xlim=(0.5, 1.005), ylim=(0.5, 1.005), xlabel="recall", ylabel="precision")
    axes.set_title(f"Objects larger than {LARGE_PX} px at 640x360, IoU 0.5", fontsize=10)
    axes.grid(visible=True, linewidth=0.3)
    axes.legend(fontsize=8, loc="lower left")
    figure.savefig(path, format="svg", metadata={"Date": None})


def card_text(figures: dict[str, Any]) -> str:
    """Return the card, in Markdown; every number in it comes from ``figures``."""
    return _CARD.format_map({**figures, "table": _table(figures["classes"])})


def _table(classes: dict[str, dict[str, float]]) -> str:
    rows = [
        "| class | objects | larger | AP50 larger | recall larger | AP50 all | AP50-95 all |",
        "|---|---|---|---|---|---|---|",
    ]
    rows += [
        f"| {name} | {one['objects']} | {one['large_objects']} | {one['large_ap50']:.3f} "
        f"| {one['large_recall']:.3f} | {one['ap50']:.3f} | {one['ap50_95']:.3f} |"
        for name, one in classes.items()
    ]
    return "\n".join(rows)


_CARD = Path(__file__).with_name("card.md").read_text()
