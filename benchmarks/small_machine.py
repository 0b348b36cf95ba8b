"""Two cameras on one core: what a server takes, with and without worker processes.

A server is kept to one core, and each of its processes to so much private memory. Two synthetic
cameras of 640x360 at 15 fps with the shipped model are watched, both channels of each. Memory is
that of all processes, shared pages by their share (PSS); CPU is that of all of them, too.

    python -m benchmarks.small_machine [--workers 0,1] [--seconds 60] [--core 0] [--memory-mb 512]
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from statistics import mean
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.measure.memory import descendants
from benchmarks.measure.process import cpu_s
from benchmarks.workers.server import WorkerServer, worker_server
from benchmarks.workers.tally import Tally
from benchmarks.workers.viewers import Viewers

CAMERAS = ("door", "yard")
FPS = 15
SOURCE = f"synthetic://traffic?width=640&height=360&fps={FPS}"
SETTLE_S = 15.0
SAMPLE_EVERY_S = 2.0
TOLERANCE_MS = 50.0
COLUMNS = (
    "workers", "processes", "memory MB", "at most", "cores", "frames", "beyond 50 ms",
    "fresh boxes", "load",
)  # fmt: skip


@contextmanager
def small(core: int, memory_mb: int) -> Iterator[None]:
    """Keep processes that are started here to one core, and each to so much private memory."""
    cores, limits = os.sched_getaffinity(0), resource.getrlimit(resource.RLIMIT_DATA)
    os.sched_setaffinity(0, {core})
    resource.setrlimit(resource.RLIMIT_DATA, (memory_mb << 20, limits[1]))
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)
        resource.setrlimit(resource.RLIMIT_DATA, limits)


def measure(workers: int, options: argparse.Namespace) -> tuple[str, ...]:
    """Return the row of one server."""
    cameras = {name: (f"{SOURCE}&seed={number}", "street") for number, name in enumerate(CAMERAS)}
    with ExitStack() as stack:
        with small(options.core, options.memory_mb):
            server = stack.enter_context(worker_server(workers, cameras))
        viewers = stack.enter_context(Viewers(server.server.port, CAMERAS, len(CAMERAS)))
        time.sleep(SETTLE_S)
        viewers.begin()
        return _watch(server, viewers, workers, options.seconds)


def _watch(server: WorkerServer, viewers: Viewers, workers: int, seconds: float) -> tuple[str, ...]:
    pids = (server.pid, *descendants(server.pid))
    before_s, began_s = sum(map(cpu_s, pids)), time.monotonic()
    pss_mb = []
    while time.monotonic() - began_s < seconds:
        time.sleep(SAMPLE_EVERY_S)
        pss_mb.append(server.pss_mb())
    elapsed_s = time.monotonic() - began_s
    cores = (sum(map(cpu_s, pids)) - before_s) / elapsed_s
    tally = Tally()
    for each in viewers.tallies().values():
        tally.add(each)
    drifts_ms = tally.drifts_ms
    beyond = sum(drift_ms > TOLERANCE_MS for drift_ms in drifts_ms) / max(1, len(drifts_ms))
    stats = [_stats(server, name, min(seconds, 300.0)) for name in CAMERAS]
    return (
        str(workers),
        str(len(pids)),
        f"{mean(pss_mb):.0f}",
        f"{max(pss_mb):.0f}",
        f"{cores:.2f}",
        f"{len(drifts_ms) / (FPS * len(CAMERAS) * elapsed_s):.1%}",
        f"{beyond:.2%}",
        f"{mean(each['fresh_fraction'] or 0.0 for each in stats):.1%}",
        f"{os.getloadavg()[0]:.1f}",
    )


def _stats(server: WorkerServer, camera: str, window_s: float) -> dict[str, Any]:
    return server.server.get(f"/streams/sse/{camera}/sync-stats", window_s=window_s)


def main() -> None:
    """Measure, and print a row for each number of workers."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.small_machine", description=__doc__.split("\n", maxsplit=1)[0]
    )
    parser.add_argument("--workers", default="0,1", help="numbers of workers")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--memory-mb", type=int, default=512, help="private, of each process")
    options = parser.parse_args()
    table = Table(*COLUMNS, box=None, padding=(0, 2, 0, 0))
    for workers in options.workers.split(","):
        table.add_row(*measure(int(workers), options))
    Console(width=110, highlight=False).print(table)


if __name__ == "__main__":
    main()
