"""How long a newcomer waits for the first picture of `streamlab demo`, and what is sent until then.

Opens the page in a fresh Chromium context, with nothing cached, and waits for the animation frame
in which a picture's truth strip can be read. Counted are the requests, the files by type (as they
are and gzipped) and the tasks that kept the page from answering for 50 ms or more.

    python -m benchmarks.first_sight [--times 20] [--json FILE]
    python -m benchmarks.first_sight --real-time   # where the machine is shared
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Response, ViewportSize
from rich.console import Console
from rich.table import Table

from benchmarks.measure.chromium import chromium
from benchmarks.measure.server import serve
from streamlab.core.stats import quantiles

WATCH_SCRIPT = (Path(__file__).parent / "measure" / "first_picture.js").read_text(encoding="utf-8")
STRIP_SCRIPT = (Path(__file__).parent / "measure" / "strip.js").read_text(encoding="utf-8")
VIEWPORT: ViewportSize = {"width": 1440, "height": 900}
TIMEOUT_MS = 60_000
GOAL_P50_MS = 400.0
GOAL_SCRIPT_KB = 60.0
TYPES = {"document": "HTML", "script": "JavaScript", "stylesheet": "CSS"}
Figures = dict[str, Any]


def opened(browser: Browser, url: str) -> Figures:
    """Open the page once; return when its first picture was shown, and its long tasks."""
    with browser.new_context(viewport=VIEWPORT) as context:
        page = context.new_page()
        requests: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        seen = first_picture(page, url)
        return {**seen, "requests": len(requests)}


def first_picture(page: Page, url: str) -> Figures:
    """Return ``at_ms``, since the navigation began, and ``long_tasks_ms`` until then."""
    page.add_init_script(STRIP_SCRIPT + WATCH_SCRIPT)
    page.goto(url)
    page.wait_for_function("firstPicture.at_ms !== null", timeout=TIMEOUT_MS)
    seen: Figures = page.evaluate("firstPicture")
    return seen


def sizes(browser: Browser, url: str) -> dict[str, dict[str, float]]:
    """Return kB of the page's files by type: as they are, and gzipped. Video is not among them."""
    responses: list[Response] = []
    with browser.new_context(viewport=VIEWPORT) as context:
        page = context.new_page()
        page.on("response", lambda each: responses.append(each))  # noqa: PLW0108 - Playwright marks it
        first_picture(page, url)
        raw: Counter[str] = Counter()
        gzipped: Counter[str] = Counter()
        for response in responses:
            if "/streams/" in response.url or not response.ok:
                continue
            kind = TYPES.get(response.request.resource_type, "other")
            body = response.body()
            raw[kind] += len(body)
            gzipped[kind] += len(gzip.compress(body))
    return {
        kind: {"kB": round(count / 1000, 1), "gzipped_kB": round(gzipped[kind] / 1000, 1)}
        for kind, count in raw.items()
    }


def figures(openings: list[Figures], files: dict[str, dict[str, float]]) -> Figures:
    """Return the figures of all openings."""
    found = quantiles([each["at_ms"] for each in openings])
    assert found is not None
    tasks = quantiles([float(sum(each["long_tasks_ms"])) for each in openings])
    assert tasks is not None
    return {
        "openings": len(openings),
        "first_picture_p50_ms": round(found.p50),
        "first_picture_p95_ms": round(found.p95),
        "requests": max(each["requests"] for each in openings),
        "long_tasks_max": max(len(each["long_tasks_ms"]) for each in openings),
        "long_tasks_p50_ms": round(tasks.p50),
        "files": files,
    }


def report(found: Figures) -> None:
    """Print the figures, and whether the goals are met."""
    table = Table("", "kB", "gzipped", box=None, padding=(0, 2, 0, 0))
    for kind, each in found["files"].items():
        table.add_row(kind, str(each["kB"]), str(each["gzipped_kB"]))
    Console(width=100, highlight=False).print(table)
    for name, value in found.items():
        if name != "files":
            print(f"{name.replace('_', ' ')}: {value}")
    quick = found["first_picture_p50_ms"] <= GOAL_P50_MS
    small = found["files"]["JavaScript"]["gzipped_kB"] <= GOAL_SCRIPT_KB
    print(f"{'ok' if quick else 'MISSED'}: first picture after {GOAL_P50_MS:.0f} ms at most (p50)")
    print(f"{'ok' if small else 'MISSED'}: {GOAL_SCRIPT_KB:.0f} kB of JavaScript at most, gzipped")


def main() -> None:
    options = _options()
    if options.real_time:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))  # the children inherit it
    with serve("--no-browser", command="demo") as server, chromium() as browser:
        url = f"{server.url}/"
        files = sizes(browser, url)
        found = figures([opened(browser, url) for _ in range(options.times)], files)
    report(found)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.first_sight", description=__doc__.split("\n", maxsplit=1)[0]
    )
    parser.add_argument("--times", type=int, default=20, help="how often the page is opened")
    parser.add_argument("--real-time", action="store_true", help="needs the right to ask for it")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
