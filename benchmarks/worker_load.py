"""Viewers of dual streams beside a worker that is killed half way.

A server with worker processes, cameras spread over them, and many viewers of both channels. The
drift is how far apart the channels of a frame arrive at a viewer, whose process shares the cores
with the server.

    python -m benchmarks.worker_load [--viewers 500] [--minutes 10] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.measure.memory import descendants
from benchmarks.measure.process import ProcessMeter, cpu_s
from benchmarks.workers.server import WorkerServer, worker_server
from benchmarks.workers.tally import Tally, spread
from benchmarks.workers.viewers import Viewers

WORKERS, CAMERAS, FPS = 2, 4, 10
SOURCE = f"synthetic://traffic?width=320&height=180&fps={FPS}"
PARTS = ("before the kill", "of the killed worker", "of the other worker")
SETTLE_S = 10.0
SAMPLE_EVERY_S = 1.0
MOST_PAUSE_MS = 3000.0
TOLERANCE_MS = 50.0
MOST_SLOPE_MB_A_MINUTE = 0.5
SHORTEST_SLOPE_S = 300.0


@dataclass(slots=True)
class Usage:
    """Memory and CPU of the server's processes while it is watched."""

    server: WorkerServer
    meter: ProcessMeter
    pss_mb: list[float] = field(default_factory=list)

    def watch(self, seconds: float, progress: Progress) -> None:
        """Sample for so long."""
        task = progress.add_task("watching", total=seconds)
        began_s = time.monotonic()
        while (now_s := time.monotonic() - began_s) < seconds:
            self.meter.sample()
            self.pss_mb.append(self.server.pss_mb())
            progress.update(task, completed=now_s)
            time.sleep(SAMPLE_EVERY_S)
        progress.remove_task(task)


def measure(viewers: int, seconds: float) -> dict[str, Any]:
    """Watch for so long and kill a worker half way; return the figures."""
    cameras = {
        f"camera-{number}": (f"{SOURCE}&seed={number}", "street") for number in range(CAMERAS)
    }
    with (
        worker_server(WORKERS, cameras) as server,
        Viewers(server.server.port, list(cameras), viewers) as watching,
        Progress(transient=True) as progress,
    ):
        time.sleep(SETTLE_S)
        watching.begin()
        usage = Usage(server, ProcessMeter(server.pid))
        cpu = _cpu(server)
        usage.watch(seconds / 2, progress)
        before = watching.tallies()
        watching.begin()
        killed = server.workers()[0]
        os.kill(killed["pid"], signal.SIGKILL)
        usage.watch(seconds / 2, progress)
        tallies = watching.tallies()
        lost = [tallies.pop(name) for name in killed["cameras"]]
        now = _cpu(server)
        return {
            "viewers": viewers,
            "seconds": seconds,
            "before the kill": _figures(before.values()),
            "of the killed worker": _figures(lost),
            "of the other worker": _figures(tallies.values()),
            "server_cores": round(usage.meter.cores, 3),
            "all_cores": round(sum(now[pid] - cpu.get(pid, 0.0) for pid in now) / seconds, 3),
            "server_rss_mb": round(usage.meter.rss_mb[-1], 1),
            "server_slope_mb_a_minute": round(usage.meter.rss_slope(), 2),
            "all_pss_mb": round(max(usage.pss_mb), 1),
            "load": round(os.getloadavg()[0], 1),
        }


def _cpu(server: WorkerServer) -> dict[int, float]:
    """Return what each process of the server has used, s; without what one that ended has."""
    return {pid: cpu_s(pid) for pid in (server.pid, *descendants(server.pid))}


def _figures(tallies: Iterable[Tally]) -> dict[str, Any]:
    tally = Tally()
    for each in tallies:
        tally.add(each)
    within = sum(drift_ms <= TOLERANCE_MS for drift_ms in tally.drifts_ms)
    return {
        "viewers": tally.viewers,
        "fragments": tally.fragments,
        "drift_ms": spread(tally.drifts_ms),
        "within": round(within / max(1, len(tally.drifts_ms)), 5),
        "gaps": dict(tally.gaps),
        "missing": tally.holes,
        "repeated": tally.repeated,
        "reconnecting": tally.reconnecting,
        "pauses": len(tally.pauses_ms),
        "pause_ms": spread(tally.pauses_ms),
    }


def report(found: dict[str, Any]) -> bool:
    """Print the figures; return True if what must hold holds."""
    console = Console(width=110, highlight=False)
    table = Table("viewers", *PARTS, box=None, padding=(0, 2, 0, 0))
    for row in found[PARTS[0]]:
        table.add_row(row.replace("_", " "), *(_text(found[name][row]) for name in PARTS))
    console.print(table)
    console.print(
        f"cores: server {found['server_cores']}, all its processes {found['all_cores']}; "
        f"memory MB: server {found['server_rss_mb']} ({found['server_slope_mb_a_minute']:+} a "
        f"minute), all {found['all_pss_mb']}; load {found['load']}"
    )
    before, lost, others = (found[name] for name in PARTS)
    long_enough = found["seconds"] >= SHORTEST_SLOPE_S
    checks = {
        "no fragment came twice, none is missing": not any(
            each["repeated"] + each["missing"] for each in (before, lost, others)
        ),
        "the others have no gap and no pause": not (others["gaps"] or others["reconnecting"]),
        f"the killed worker's have a picture again within {MOST_PAUSE_MS:g} ms": (
            lost["pauses"] == lost["reconnecting"] == lost["viewers"]
            and lost["pause_ms"]["max"] <= MOST_PAUSE_MS
        ),
        f"memory does not grow by {MOST_SLOPE_MB_A_MINUTE} MB a minute"
        + ("" if long_enough else " (too short a run to judge)"): not long_enough
        or found["server_slope_mb_a_minute"] < MOST_SLOPE_MB_A_MINUTE,
    }
    for what, holds in checks.items():
        print(f"{'ok' if holds else 'FAIL'}: {what}")
    return all(checks.values())


def _text(value: object) -> str:
    if isinstance(value, dict):
        return "\n".join(f"{name} {each:g}" for name, each in value.items()) or "-"
    return str(value)


def main() -> int:
    """Return 1 if something does not hold that must."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.worker_load", description=__doc__.split("\n", maxsplit=1)[0]
    )
    parser.add_argument("--viewers", type=int, default=500)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    try:
        found = measure(options.viewers, options.minutes * 60)
    except KeyboardInterrupt:
        print("stopped before the end: there are no figures")
        return 130
    print(json.dumps(found))
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    return int(not report(found))


if __name__ == "__main__":
    sys.exit(main())
