"""From the press of a button to the first frame that a browser presents of what was asked for.

Starts a server and Chromium, presses, and reads in every animation frame which frame of which
channel the page shows. Three kinds of change: `switch` (raw to annotated and back), `view` (one
picture to side by side and back) and `quality` (medium to low and back); with WebCodecs and with
Media Source. Frames near a change are compared with those of the same page at rest.

    python -m benchmarks.presented_switch [--presses 100] [--kind switch view] [--mode mse]
    python -m benchmarks.presented_switch --real-time   # where the machine is shared
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.measure.chromium import chromium
from benchmarks.measure.server import serve
from benchmarks.presented.switching import KINDS, MODES, Run, player_page, press_in_turn
from streamlab.core.stats import quantiles

CAMERA = "street=synthetic://traffic?width=640&height=360&fps=30&seed=1"
GOAL_P95_MS = 2 * 1000 / 30 + 16
Figures = dict[str, Any]


def figures(run: Run) -> Figures:
    """Return the figures of a page."""
    found, near, rest = quantiles(run.ms), run.near, run.rest
    if found is None:
        raise RuntimeError("nothing that was asked for was ever shown")
    return {
        "presses": run.asked,
        "shown": len(run.changes),
        "p50_ms": round(found.p50, 1),
        "p95_ms": round(found.p95, 1),
        "max_ms": round(found.max, 1),
        "exactly_next_frame": sum(change.exact for change in run.changes),
        "repeated": run.repeated,
        "skipped_near": near.skipped,
        "of_them_browser_late": near.skipped_late,
        "back_near": near.back,
        "blank_near": near.blank,
        "frames_near": near.frames,
        "longest_still_near_ms": round(near.longest_ms, 1),
        "skipped_at_rest": rest.skipped,
        "frames_at_rest": rest.frames,
        "longest_still_at_rest_ms": round(rest.longest_ms, 1),
    }


def report(found: Mapping[str, Figures]) -> None:
    """Print a column for each page, and whether the goals are met."""
    table = Table("", *found, box=None, padding=(0, 2, 0, 0))
    for name in next(iter(found.values())):
        table.add_row(name.replace("_", " "), *(str(each[name]) for each in found.values()))
    Console(width=120, highlight=False).print(table)
    for name, each in found.items():
        quick = each["shown"] == each["presses"] and each["p95_ms"] <= GOAL_P95_MS
        wrong = each["repeated"] + each["skipped_near"] + each["back_near"]
        print(f"{'ok' if quick else 'MISSED'}: {name}: p95 at most {GOAL_P95_MS:.0f} ms")
        print(f"{'MISSED' if wrong else 'ok'}: {name}: no frame repeated, skipped or out of order")


def main() -> None:
    options = _options()
    if options.real_time:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))  # the children inherit it
    found = {}
    with (
        serve("--camera", CAMERA, "--model", options.model, "--threads", "1") as server,
        chromium() as browser,
    ):
        for kind in map(KINDS.__getitem__, options.kind):
            for mode in options.mode:
                with player_page(browser, server.url, mode, kind) as page:
                    run = press_in_turn(page, kind, options.presses)
                found[f"{kind.name}, {mode}"] = figures(run)
    report(found)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.presented_switch",
        description=__doc__.split("\n", maxsplit=1)[0],
    )
    parser.add_argument("--presses", type=int, default=100, help="for each page")
    parser.add_argument("--kind", nargs="+", choices=KINDS, default=["switch"])
    parser.add_argument("--mode", nargs="+", choices=MODES, default=list(MODES))
    parser.add_argument("--model", default="street")
    parser.add_argument("--real-time", action="store_true", help="needs the right to ask for it")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
