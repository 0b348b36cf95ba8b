"""How long a picture takes from its capture until a widget has drawn it, and through a busy kernel.

Starts a JupyterLab and a Chromium, shows a street with its model in a notebook, both channels
side by side, and reads the truth strips once per animation frame, just after the player has
drawn. Then a cell sleeps, and it is read on. The clock is the machine's; what the screen adds
after the drawing is not in it.

    python -m benchmarks.widget_latency [--seconds 30] [--sleep 20] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.measure.live_widget import FPS, Draw, watched_widget
from streamlab.core.stats import nearest_rank

SETTLE_S = 5.0
POLL_S = 1.0
GOAL_P50_MS = 40.0
GOAL_PAUSE_MS = 500.0
STAGES = ("capture to release", "release to page", "page to drawn", "capture to drawn")
SLEEP_CELL = 2


def figures(draws: list[Draw]) -> dict[str, Any]:
    """Return what the draws of a while say."""
    known = [draw.since_capture_ms for draw in draws if draw.since_capture_ms is not None]
    steps = [(left, come - left, drawn - come, drawn) for left, come, drawn in known]
    pauses_ms = [after.at_ms - before.at_ms for before, after in pairwise(draws)]
    seconds = (draws[-1].at_ms - draws[0].at_ms) / 1000
    return {
        "seconds": round(seconds, 1),
        "drawn": len(draws),
        "fps": round(len(pauses_ms) / seconds, 1),
        "longest_pause_ms": round(max(pauses_ms)),
        "unlike": sum(len(set(d.numbers)) > 1 or None in d.numbers for d in draws),
        "unknown": len(draws) - len(known),
        **{
            name: {
                f"p{round(100 * share)}_ms": round(nearest_rank(sorted(values), share), 1)
                for share in (0.5, 0.95, 0.99)
            }
            for name, values in zip(STAGES, zip(*steps, strict=True), strict=True)
        },
    }


def measure(options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    cell = f"import time\n\ntime.sleep({options.sleep:g})\nprint('awake')"
    with watched_widget(options.model, cell) as (widget, notebook):
        page = notebook.page
        page.wait_for_timeout(SETTLE_S * 1000)
        widget.draws()
        page.wait_for_timeout(options.seconds * 1000)
        idle = widget.draws()
        load = os.getloadavg()[0]
        notebook.run(SLEEP_CELL)
        draws = widget.draws()[-1:]
        begun_s = time.monotonic()
        while not notebook.output(SLEEP_CELL).count():
            page.wait_for_timeout(POLL_S * 1000)
            if time.monotonic() - begun_s > 3 * options.sleep:
                raise TimeoutError("the cell does not end")
        draws += widget.draws()
        stats = widget.stats()
    lost = {name: stats[name] for name in ("jumps", "gaps", "reconnects")}
    return {"idle kernel": figures(idle) | {"load": load}, "sleeping cell": figures(draws) | lost}


def report(found: dict[str, dict[str, Any]]) -> None:
    idle, asleep = found.values()
    table = Table(
        "p50 / p95 / p99, ms", *found, box=None, padding=(0, 2, 0, 0),
        title=f"load of the machine {idle['load']:.1f}",
    )  # fmt: skip
    for name in STAGES:
        table.add_row(name, *(_words(each[name]) for each in found.values()))
    for name in ("seconds", "drawn", "fps", "longest_pause_ms", "unlike", "unknown"):
        table.add_row(name.replace("_", " "), *(str(each[name]) for each in found.values()))
    Console(width=100, highlight=False).print(table)
    p50_ms, pause_ms = idle[STAGES[-1]]["p50_ms"], asleep["longest_pause_ms"]
    _judge(p50_ms <= GOAL_P50_MS, f"capture to drawn: p50 at most {GOAL_P50_MS:g} ms")
    _judge(
        pause_ms <= GOAL_PAUSE_MS and not asleep["reconnects"],
        f"a cell that sleeps does not stop it (for {GOAL_PAUSE_MS:g} ms, of {FPS} fps)",
    )


def _words(values_ms: dict[str, float]) -> str:
    return " / ".join(f"{value:.1f}" for value in values_ms.values())


def _judge(held: bool, goal: str) -> None:
    print(f"{'ok' if held else 'FAIL'}: {goal}")


def main() -> None:
    options = _options()
    found = measure(options)
    report(found)
    print(json.dumps(found))
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.widget_latency",
        description=__doc__.split("\n", maxsplit=1)[0],
    )
    parser.add_argument("--seconds", type=float, default=30.0, help="with an idle kernel")
    parser.add_argument("--sleep", type=float, default=20.0, help="s that a cell sleeps")
    parser.add_argument("--model", default="street")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
