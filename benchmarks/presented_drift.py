"""How far apart the two pictures of a page are, read off what a browser draws.

Starts a server and Chromium, opens the page with both pictures side by side, and reads the truth
strip of both once per animation frame, with WebCodecs and with Media Source. A draw that shows
one picture alone is not a draw of the same number, and is further apart than any other.

    python -m benchmarks.presented_drift [--seconds 60] [--mode webcodecs mse] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page
from rich.console import Console
from rich.table import Table

from benchmarks.measure.chromium import chromium
from benchmarks.measure.server import serve
from benchmarks.presented.chromium import NO_WEBCODECS
from streamlab.core.stats import nearest_rank

STRIP_SCRIPT = Path(__file__).parent / "measure" / "strip.js"
SCRIPTS = {"webcodecs": "", "mse": NO_WEBCODECS}
"""What makes the page play this way."""
BOTH_SHOWN = """document.querySelectorAll("[data-camera-id][data-channel]").length === 2
  && globalThis.streamlab?.player.stats().mode"""
SETTLE_S = 3.0  # the page's first pictures come from the cache, and the model is cold
TAKE_S = 10.0
GOAL_SAME = 0.999
GOAL_MSE_P99 = 1
Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Look:
    """What one animation frame showed; None: no picture, or one whose strip cannot be read."""

    at_ms: float
    raw: int | None
    annotated: int | None


def figures(looks: list[Look]) -> Figures:
    """Return the figures of what was seen."""
    both = [(look.raw, look.annotated) for look in looks]
    signed = Counter(a - r for r, a in both if a is not None and r is not None)
    alone = len(looks) - signed.total()
    apart = sorted(abs(frames) for frames in signed.elements()) + [None] * alone
    shown = sorted({raw for raw, _ in both if raw is not None})
    draws_ms = sorted(b.at_ms - a.at_ms for a, b in pairwise(looks))
    seconds = (looks[-1].at_ms - looks[0].at_ms) / 1000
    return {
        "seconds": round(seconds, 1),
        "draws": len(looks),
        "same": signed[0] / len(looks),
        "alone": alone,
        "differences": {str(frames): signed[frames] for frames in sorted(signed)},
        "p99_frames": apart[math.ceil(0.99 * len(apart)) - 1],
        "max_frames": apart[-1],
        "frames_shown": len(shown),
        "frames_skipped": shown[-1] - shown[0] + 1 - len(shown) if shown else None,
        "draws_a_second": round(len(looks) / seconds, 1),
        "p99_between_draws_ms": round(nearest_rank(draws_ms, 0.99), 1),
    }


def take(page: Page) -> list[Look]:
    return [Look(*row) for row in page.evaluate("presentedStrip.take()")]


def watch(browser: Browser, url: str, mode: str, seconds: float, looks: list[Look]) -> None:
    """Add what the page shows for this long, playing this way. Raises RuntimeError."""
    page = browser.new_page()
    page.add_init_script(f"{SCRIPTS[mode]}\n{STRIP_SCRIPT.read_text()}")
    page.goto(f"{url}/?camera_id=street&view=both")
    page.wait_for_function(BOTH_SHOWN, timeout=60_000)
    played = page.evaluate("streamlab.player.stats().mode")
    if played != mode:
        raise RuntimeError(f"the page plays by {played}, not by {mode}")
    page.wait_for_timeout(SETTLE_S * 1000)
    take(page)
    until_s = time.monotonic() + seconds
    while (left_s := until_s - time.monotonic()) > 0:
        page.wait_for_timeout(min(TAKE_S, left_s) * 1000)
        looks += take(page)
        same = sum(look.raw == look.annotated for look in looks) / len(looks)
        print(f"{mode}: {len(looks)} draws, {same:.3%} of the same frame", flush=True)
    page.close()


def main() -> None:
    options = _options()
    camera = "street=synthetic://traffic?width=640&height=360&fps=30&seed=1"
    seen: dict[str, list[Look]] = {mode: [] for mode in options.mode}
    with (
        serve("--camera", camera, "--model", options.model, "--threads", "1") as server,
        chromium() as browser,
    ):
        try:
            for mode, looks in seen.items():
                watch(browser, server.url, mode, options.seconds, looks)
        except KeyboardInterrupt:
            print("\nstopped; this is what there is")
    found = {mode: figures(looks) for mode, looks in seen.items() if looks}
    if found:
        report(found)
    print(json.dumps(found))
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


def report(found: Figures) -> None:
    names = list(next(iter(found.values())))
    table = Table(
        "", *found, box=None, padding=(0, 2, 0, 0),
        title=f"load of the machine {os.getloadavg()[0]:.1f}",
    )  # fmt: skip
    for name in names:
        values = [each[name] for each in found.values()]
        table.add_row(name.replace("_", " "), *(_shown(name, value) for value in values))
    Console(width=100, highlight=False).print(table)
    for mode, each in found.items():
        p99 = each["p99_frames"]
        held = each["same"] >= GOAL_SAME
        goal = f"the same number in {GOAL_SAME:.1%} of draws"
        if mode == "mse":
            held = p99 is not None and p99 <= GOAL_MSE_P99
            goal = "p99 at most one frame"
        print(f"{'ok' if held else 'FAIL'}: {mode}: {goal}")


def _shown(name: str, value: object) -> str:
    if name == "same":
        return f"{value:.3%}"
    return "one alone" if value is None else str(value)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.presented_drift",
        description=__doc__.split("\n", maxsplit=1)[0],
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="for each way of playing")
    parser.add_argument("--mode", nargs="+", choices=SCRIPTS, default=list(SCRIPTS))
    parser.add_argument("--model", default="street")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
