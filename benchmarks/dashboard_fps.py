"""How many pictures a second the dashboard's player draws while its plots are being updated.

Starts a server with a street and its model, opens its dashboard in a Chromium, both channels side
by side, and counts the frames by the truth strips, once per animation frame, and the updates that
reach the plot of the drift.

    python -m benchmarks.dashboard_fps [--seconds 30] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
from itertools import pairwise
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from benchmarks.measure.chromium import chromium
from benchmarks.measure.server import serve
from streamlab.core.stats import nearest_rank

STRIP_SCRIPT = Path(__file__).parent / "measure" / "strip.js"
CAMERA = "street=synthetic://traffic?width=640&height=360&fps=30&seed=1"
FIRST_PAGE_MS = 120_000
SETTLE_S = 8.0
GOAL_FPS = 25.0
GOAL_UPDATES_HZ = 4.9  # 5, but for the one that falls on the edge
COUNT_UPDATES = """() => {
  const models = Bokeh.documents[0].roots().flatMap((root) => [...root.references()]);
  const sources = models.filter(({ data }) => data && data.drift_ms);
  globalThis.plotUpdates = [];
  const note = () => plotUpdates.push(performance.now());
  for (const source of sources) {
    source.streaming.connect(note);
    source.properties.data.change.connect(note);
  }
  return sources.length;
}"""
HAS_PICTURE = (
    "presentedStrip.take().some(([, raw, annotated]) => raw !== null && raw === annotated)"
)


def measure(page: Page, seconds: float) -> dict[str, Any]:
    """Return what was seen for this long on a dashboard that plays."""
    if not page.evaluate(COUNT_UPDATES):
        raise RuntimeError("the dashboard has no plot of the drift")
    page.evaluate("void presentedStrip.take()")
    page.wait_for_timeout(seconds * 1000)
    looks = page.evaluate("presentedStrip.take()")
    at_ms = page.evaluate("plotUpdates")
    shown = [looks[0], *(after for before, after in pairwise(looks) if after[1] != before[1])]
    pauses_ms = sorted(after[0] - before[0] for before, after in pairwise(shown))
    updates = [at_ms[0], *(after for before, after in pairwise(at_ms) if after - before > 50)]
    span_s = (looks[-1][0] - looks[0][0]) / 1000
    return {
        "seconds": round(span_s, 1),
        "fps": round((len(shown) - 1) / span_s, 2),
        "p99_between_pictures_ms": round(nearest_rank(pauses_ms, 0.99), 1),
        "longest_between_pictures_ms": round(pauses_ms[-1], 1),
        "unlike": sum(raw != annotated for _, raw, annotated in looks),
        "draws_a_second": round(len(looks) / span_s, 1),
        "plot_updates_a_second": round(1000 * (len(updates) - 1) / (updates[-1] - updates[0]), 2),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
    }


def main() -> None:
    options = _options()
    with serve("--camera", CAMERA, "--threads", "1") as server, chromium() as browser:
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        page.add_init_script(path=STRIP_SCRIPT)
        page.goto(f"{server.url}/dashboard/?camera_id=street", timeout=FIRST_PAGE_MS)
        page.wait_for_function(HAS_PICTURE, timeout=FIRST_PAGE_MS)
        page.wait_for_timeout(SETTLE_S * 1000)
        found = measure(page, options.seconds)
    for name, value in found.items():
        print(f"{name.replace('_', ' '):30}{value}")
    held = found["fps"] >= GOAL_FPS and found["plot_updates_a_second"] >= GOAL_UPDATES_HZ
    print(f"{'ok' if held else 'FAIL'}: {GOAL_FPS:g} fps or more while plots update at 5 Hz")
    print(json.dumps(found))
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.dashboard_fps",
        description=__doc__.split("\n", maxsplit=1)[0],
    )
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
