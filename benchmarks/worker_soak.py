"""Kills of worker and detector processes of a running server: nothing may be left over.

Random processes are killed, crash or are stopped (SIGKILL, SIGSEGV, SIGSTOP), one after the other,
while viewers watch all cameras; the next one when all is well again. Each has run for longer than
the time after which a restart is not delayed any more, so that no kill waits for the one before:
there are many workers, and several models. Afterwards the server holds what it held before.

    python -m benchmarks.worker_soak [--kills 300] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.workers.server import Held, WorkerServer, worker_server
from benchmarks.workers.tally import Tally, spread
from benchmarks.workers.viewers import Viewers
from streamlab.detect.shipped import shipped_models

WORKERS, MODELS, VIEWERS = 32, 4, 64
SOURCE = "synthetic://traffic?width=160&height=90&fps=5"
WAYS = {signal.SIGKILL: 6, signal.SIGSEGV: 3, signal.SIGSTOP: 1}
CALM_S = 62.0
"""A process that has run for so long starts again without a longer delay (``RestartDelay``)."""
RECOVERY_TIMEOUT_S = 60.0
SETTLE_S = 20.0
TELL_EVERY = 25
POLL_S = 0.1
MOST_PAUSE_MS = 3000.0
MOST_GROWTH = 0.03
"""Of the server's memory: 5 kB a kill in a thousand, less than what one run of a worker takes."""


@dataclass(slots=True)
class Soak:
    """Kills processes of a server, and keeps what was found."""

    server: WorkerServer
    viewers: Viewers
    random: random.Random
    before: Held
    kills: Counter[str] = field(default_factory=Counter)
    rss_mb: list[float] = field(default_factory=list)
    started_s: dict[str, float] = field(default_factory=dict)
    """When each worker, or model's process, was started, as far as it was killed."""
    detectors: dict[str, int] = field(default_factory=dict)

    def kill_one(self) -> None:
        """Kill a process that is ready for it, and wait until all is well again."""
        name, pid, cameras = self._choose()
        way = self.random.choices(list(WAYS), list(WAYS.values()))[0]
        pauses, detectors = self.viewers.pauses(), self.server.detectors()
        os.kill(pid, way)
        if cameras:
            self._wait(name, lambda: self._have_picture(cameras, pauses))
        else:
            self._wait(name, lambda: self._is_replaced(pid, detectors))
            (self.detectors[name],) = self.server.detectors() - detectors
        self._wait(name, self.server.is_well)
        self.started_s[name] = time.monotonic()
        self.kills[f"{'worker' if cameras else 'detector'} {way.name}"] += 1
        self.rss_mb.append(self.server.rss_mb())

    def _choose(self) -> tuple[str, int, list[str]]:
        """Return a process that has run for ``CALM_S``; a detector's, if there is one."""
        while True:
            calm_s = time.monotonic() - CALM_S
            ready = {
                each for each in self._names() if self.started_s.get(each, -math.inf) <= calm_s
            }
            models = sorted(ready & self.detectors.keys())
            if models and self.random.random() < 0.3:
                name = self.random.choice(models)
                return name, self.detectors[name], []
            workers = [each for each in self.server.workers() if each["id"] in ready]
            if workers:
                worker = self.random.choice(workers)
                return worker["id"], worker["pid"], worker["cameras"]
            time.sleep(POLL_S)

    def _names(self) -> set[str]:
        if not self.detectors:
            pids = sorted(self.server.detectors())
            self.detectors = {f"model {number}": pid for number, pid in enumerate(pids)}
        return {*self.detectors, *(each["id"] for each in self.server.workers())}

    def _have_picture(self, cameras: list[str], before: dict[str, int]) -> bool:
        now = self.viewers.pauses()
        return all(now[each] >= before[each] + VIEWERS // WORKERS for each in cameras)

    def _is_replaced(self, pid: int, before: set[int]) -> bool:
        now = self.server.detectors()
        return pid not in now and len(now) == len(before)

    def _wait(self, name: str, is_done: Callable[[], bool]) -> None:
        give_up_s = time.monotonic() + RECOVERY_TIMEOUT_S
        while not is_done():
            if time.monotonic() > give_up_s:
                raise TimeoutError(f"{name} was not back after {RECOVERY_TIMEOUT_S:g} s")
            time.sleep(POLL_S)

    def settled(self) -> Held:
        """Return what the server holds once it is what it held before, or time is up."""
        give_up_s = time.monotonic() + SETTLE_S
        while (held := self.server.held()) != self.before and time.monotonic() < give_up_s:
            time.sleep(1)
        return held

    def figures(self) -> dict[str, Any]:
        """Return what was found."""
        tally = Tally()
        for each in self.viewers.tallies().values():
            tally.add(each)
        count = max(1, len(self.rss_mb) // 10)
        warm, end = self.rss_mb[count : 2 * count], self.rss_mb[-count:]
        return {
            "kills": dict(self.kills),
            "before": asdict(self.before),
            "after": asdict(self.settled()),
            "rss_mb": {"warm": round(mean(warm or end), 1), "end": round(mean(end), 1)},
            "pause_ms": spread(tally.pauses_ms),
            "reconnecting": tally.reconnecting,
            "pauses": len(tally.pauses_ms),
            "fragments": tally.fragments,
            "repeated": tally.repeated,
            "holes": tally.holes,
            "gaps": dict(tally.gaps),
            "unanswered": self.server.unanswered,
            "load": round(os.getloadavg()[0], 1),
        }


def report(found: dict[str, Any]) -> bool:
    """Print the figures; return True if nothing is left over and nobody missed a picture."""
    console = Console(width=100, highlight=False)
    console.print(", ".join(f"{count} {what}" for what, count in sorted(found["kills"].items())))
    table = Table("held", "before", "after", box=None, padding=(0, 2, 0, 0))
    for name, before in found["before"].items():
        table.add_row(name.replace("_", " "), str(before), str(found["after"][name]))
    rss = found["rss_mb"]
    table.add_row("server's memory MB, second and last tenth", str(rss["warm"]), str(rss["end"]))
    console.print(table)
    console.print(
        f"viewers: {found['fragments']} fragments, {found['reconnecting']} reconnecting, "
        f"{found['pauses']} pauses of {found['pause_ms']} ms, gaps {found['gaps']}; "
        f"{found['unanswered']} requests unanswered; load {found['load']}"
    )
    growth = rss["end"] / rss["warm"] - 1
    checks = {
        "nothing is left over": found["before"] == found["after"],
        f"memory grows by {MOST_GROWTH:.0%} at most: {growth:+.1%}": growth <= MOST_GROWTH,
        "no fragment came twice, none is missing": not found["repeated"] + found["holes"],
        "each loss was reported once, and is over": found["reconnecting"] == found["pauses"],
        f"pictures are back within {MOST_PAUSE_MS:g} ms": found["pause_ms"].get("max", 0.0)
        <= MOST_PAUSE_MS,
    }
    for what, holds in checks.items():
        print(f"{'ok' if holds else 'FAIL'}: {what}")
    return all(checks.values())


def soak(kills: int, seed: int) -> dict[str, Any]:
    """Kill so many processes; return what was found."""
    with tempfile.TemporaryDirectory() as folder:
        models = [Path(folder) / f"street-{number}.onnx" for number in range(MODELS)]
        for each in models:  # a process for each: the same model in files of their own
            shutil.copy(shipped_models()["street"], each)
        cameras = {
            f"camera-{number}": (f"{SOURCE}&seed={number}", str(models[number % MODELS]))
            for number in range(WORKERS)
        }
        with (
            worker_server(WORKERS, cameras, max_detection_fps=1) as server,
            Viewers(server.server.port, list(cameras), VIEWERS) as viewers,
        ):
            time.sleep(SETTLE_S)
            viewers.begin()
            run = Soak(server, viewers, random.Random(seed), server.held())
            try:
                for number in track(range(1, kills + 1), "killing", transient=True):
                    run.kill_one()
                    if number % TELL_EVERY == 0:
                        print(f"{number}: {run.rss_mb[-1]:.1f} MB, load {os.getloadavg()[0]:.1f}")
            except KeyboardInterrupt:
                print("\nstopped; this is what there is")
            except TimeoutError:
                print(f"\n{server.log_tail()}\n{json.dumps(run.figures())}")
                raise
            return run.figures()


def main() -> int:
    """Return 1 if something is left over."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.worker_soak", description=__doc__.split("\n", maxsplit=1)[0]
    )
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1, help="of the choice of processes and ways")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    found = soak(options.kills, options.seed)
    print(json.dumps(found))
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    return int(not report(found))


if __name__ == "__main__":
    sys.exit(main())
