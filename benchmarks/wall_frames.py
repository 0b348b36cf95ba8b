"""How many frames a wall of overlay tiles shows, and how many it skips.

Starts a server with so many streets, opens its wall in a Chromium, and counts per tile the frames
that were drawn and those that were not: too late, overflowed, unpaired, or lost before they came.
The frames that the server had no time for are counted apart. CPU is that of the whole machine, with
the load that others put on it.

    python -m benchmarks.wall_frames [--tiles 4] [--seconds 30] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, ViewportSize

from benchmarks.measure.chromium import chromium
from benchmarks.measure.server import Server, serve

FPS = 15
STREET = f"synthetic://traffic?width=640&height=360&fps={FPS}"
WINDOW: ViewportSize = {"width": 1440, "height": 900}
FIRST_PAGE_MS = 120_000
SETTLE_S = 5.0
ALL_PLAY = """(count) => {
  const players = globalThis.streamlab?.players ?? [];
  return players.length === count && players.every((player) => player.stats().fps > 0);
}"""
COUNTERS = ("shown", "skipped", "overflowed", "unpaired", "gaps", "jumps")
READ_NAMES = [*COUNTERS, "shownPts", "latencyP50Ms"]
READ = """(names) => streamlab.players.map((player) => {
  const stats = player.stats();
  return Object.fromEntries(names.map((name) => [name, stats[name]]));
})"""
CPU_FIELDS = 8  # user, nice, system, idle, iowait, irq, softirq, steal
IDLE_FIELDS = slice(3, 5)


def measure(page: Page, server: Server, seconds: float) -> dict[str, Any]:
    """Return what was seen for this long on a wall that plays."""
    before, dropped, cpu = page.evaluate(READ, READ_NAMES), at_source(server), cpu_ticks()
    page.wait_for_timeout(seconds * 1000)
    after = page.evaluate(READ, READ_NAMES)
    busy, total = (end - start for end, start in zip(cpu_ticks(), cpu, strict=True))
    tiles = [tile(first, last) for first, last in zip(before, after, strict=True)]
    return {
        "tiles": len(tiles),
        "fps": [each["fps"] for each in tiles],
        "not_shown": [each["missed"] for each in tiles],
        "counted": {name: sum(each[name] for each in tiles) for name in COUNTERS},
        "latency_p50_ms": [each["latency_p50_ms"] for each in tiles],
        "dropped_at_source": at_source(server) - dropped,
        "cores_busy": round((os.cpu_count() or 1) * busy / total, 2),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
    }


def tile(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return the figures of one tile, from its counters at both ends."""
    counted = {name: after[name] - before[name] for name in COUNTERS}
    span_s = (after["shownPts"] - before["shownPts"]) / 90_000
    latency_ms = after["latencyP50Ms"]
    return {
        **counted,
        "fps": round(counted["shown"] / span_s, 2) if span_s else 0.0,
        "missed": round(span_s * FPS) - counted["shown"],
        "latency_p50_ms": None if latency_ms is None else round(latency_ms, 1),
    }


def at_source(server: Server) -> int:
    """Return how many frames the server had no time for."""
    streams = server.get("/streams/dual-channel/stats")["streams"]
    return sum(int(stream["drops"]["at_source"]) for stream in streams)


def cpu_ticks() -> tuple[int, int]:
    """Return the ticks that this machine's cores were busy, and all that passed."""
    first = Path("/proc/stat").read_text(encoding="ascii").split("\n", maxsplit=1)[0]
    ticks = [int(field) for field in first.split()[1 : 1 + CPU_FIELDS]]
    return sum(ticks) - sum(ticks[IDLE_FIELDS]), sum(ticks)


def main() -> None:
    options = _options()
    cameras = [f"street{number}={STREET}&seed={number}" for number in range(options.tiles)]
    arguments = [part for camera in cameras for part in ("--camera", camera)]
    with serve(*arguments, *options.server) as server, chromium() as browser:
        page = browser.new_page(viewport=WINDOW)
        page.goto(f"{server.url}/?layout=grid&view=overlay", timeout=FIRST_PAGE_MS)
        page.wait_for_function(ALL_PLAY, arg=options.tiles, timeout=FIRST_PAGE_MS)
        page.wait_for_timeout(SETTLE_S * 1000)
        found = measure(page, server, options.seconds)
        if options.screenshot:
            page.screenshot(path=options.screenshot)
    for name, value in found.items():
        print(f"{name.replace('_', ' '):20}{value}")
    lost = max(found["not_shown"])
    print(f"{'ok' if lost <= 0 else 'FAIL'}: {lost} frames not shown in the worst tile")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.wall_frames",
        description=__doc__.split("\n", maxsplit=1)[0],
    )
    parser.add_argument("--tiles", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--screenshot", type=Path, help="save a picture of the wall")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("server", nargs="*", help="further arguments of `streamlab serve`")
    return parser.parse_args()


if __name__ == "__main__":
    main()
