"""Viewers beside an attack: are they delayed, is one dropped, and does the server still answer?

20 viewers watch two cameras in both channels. They are timed alone and beside the attack, in turn:
1,500 clients that ask for streams, and 150 each that send a head or a body byte by byte, or
nothing. The server may open 1,024 files, so that it refuses most of them. All clients use the
loopback and run on the server's own cores. The server and the viewers run at real-time priority
where that is allowed, and the attackers at the lowest: a real attack comes from other machines.

    python -m benchmarks.hostile [--seconds 30] [--turns 2] [--streams 1500] [--slow 150]
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.fanout.load import Load, counting
from benchmarks.fanout.readers import Count
from benchmarks.hostile.attackers import CAMERAS
from benchmarks.hostile.probe import HealthProbe
from benchmarks.measure.server import Server, serve
from streamlab.core.stats import quantiles

SOURCE = "synthetic://traffic?width=320&height=180&fps=15"
VIEWERS, MAX_FILES, PROCESSES = 20, 1024, 3
SERVER_PRIORITY, VIEWER_PRIORITY = 1, 2  # viewers and probe have a machine of their own, as it were
REST_S = 8.0  # until the server has let go of the attackers, and their encoders have ended
MOST_RATIO, HEALTH_MS = 1.5, 100.0
BLOCKED = re.compile(r"^streamlab_loop_blocked_total (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Turn:
    """What was seen within one span of time."""

    count: Count
    health_p50_ms: float
    health_p99_ms: float
    health_max_ms: float
    health_failures: int
    blocks: int
    """How often the server's loop did not run for 100 ms, by its own count."""
    loop_cores: float
    """CPU of the server's event loop."""
    other_cores: float
    """CPU of the server's other threads."""


def prefer(priority: int) -> None:
    """Run at this real-time priority, as do processes that are started from now on."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(priority))
    except PermissionError:
        print("at normal priority: other jobs of the machine count", file=sys.stderr)


def take_turn(server: Server, load: Load, seconds: float) -> Turn:
    """Watch for so long."""
    before, blocks = cpu_s(server), blocked(server)
    with HealthProbe(server.port) as probe:
        count = load.count(seconds)
    after = cpu_s(server)
    figures = quantiles(probe.took_ms)
    assert figures is not None
    return Turn(
        count,
        figures.p50,
        figures.p99,
        max(probe.took_ms),
        probe.failures,
        blocked(server) - blocks,
        (after[0] - before[0]) / seconds,
        (after[1] - before[1]) / seconds,
    )


def cpu_s(server: Server) -> tuple[float, float]:
    """Return the CPU time of the server's loop, and of its other threads."""
    pid = server.process.pid
    used = {
        int(task.name): int((task / "schedstat").read_text().split()[0]) / 1e9
        for task in Path(f"/proc/{pid}/task").iterdir()
    }
    loop = used.pop(pid)
    return loop, sum(used.values())


def blocked(server: Server) -> int:
    with urllib.request.urlopen(f"{server.url}/metrics") as response:
        found = BLOCKED.search(response.read().decode())
    assert found is not None
    return int(float(found[1]))


@contextmanager
def attacked(server: Server, streams: int, slow: int) -> Iterator[Counter[str]]:
    """Attack a server from several processes; their counts are there when they have ended."""
    counts: Counter[str] = Counter()
    attackers = []
    for number in range(PROCESSES):
        size = [str(total // PROCESSES) for total in (streams, slow)]
        command = [sys.executable, "-m", "benchmarks.hostile.attackers", str(server.port)]
        attackers.append(
            subprocess.Popen(
                [*command, f"127.0.0.{2 + number}", *size],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
    try:
        yield counts
    finally:
        for attacker in attackers:
            answer, _ = attacker.communicate()
            counts.update(json.loads(answer or "{}"))


def measure(options: argparse.Namespace) -> tuple[list[tuple[str, Turn]], Counter[str]]:
    cameras = [part for name in CAMERAS for part in ("--camera", f"{name}={SOURCE}")]
    query = "&".join([*(f"camera_id={name}" for name in CAMERAS), "initial_channel=both"])
    turns: list[tuple[str, Turn]] = []
    counts: Counter[str] = Counter()
    with ExitStack() as stack:
        prefer(SERVER_PRIORITY)
        server = stack.enter_context(serve(*cameras, "--model", "truth", max_files=MAX_FILES))
        prefer(VIEWER_PRIORITY)
        url = f"{server.url}/streams/sse/mux?{query}"
        load = stack.enter_context(counting(url, VIEWERS))
        time.sleep(REST_S)
        for _ in range(options.turns):
            turns.append(("alone", take_turn(server, load, options.seconds)))
            with attacked(server, options.streams, options.slow) as seen:
                turns.append(("attacked", take_turn(server, load, options.seconds)))
            counts.update(seen)
            time.sleep(REST_S)
        print(server.log_path.read_text())
    return turns, counts


def report(turns: list[tuple[str, Turn]], counts: Counter[str]) -> bool:
    table = Table("viewers", box=None, padding=(0, 2, 0, 0))
    titles = ("events", "fewest", "dropped", "p50 ms", "p99 ms", "healthz p50", "p99", "max")
    for title in (*titles, "none", "blocks", "loop", "threads"):
        table.add_column(title, justify="right")
    for name, turn in turns:
        count = turn.count
        delays = (count.delay_p50_ms, count.delay_p99_ms)
        health = (turn.health_p50_ms, turn.health_p99_ms, turn.health_max_ms)
        table.add_row(
            name,
            *map(str, (count.events, count.fewest, count.closed)),
            *(f"{each:.1f}" for each in (*delays, *health)),
            *map(str, (turn.health_failures, turn.blocks)),
            *(f"{each:.2f}" for each in (turn.loop_cores, turn.other_cores)),
        )
    Console(width=130).print(table)
    print("attackers:", ", ".join(f"{name} {counts[name]}" for name in sorted(counts)))
    return verdict(turns)


def verdict(turns: list[tuple[str, Turn]]) -> bool:
    """Print which goals are met; return True if all are."""
    p99 = {
        kind: sum(turn.count.delay_p99_ms for name, turn in turns if name == kind)
        for kind in ("alone", "attacked")
    }
    ratio = p99["attacked"] / p99["alone"]
    dropped = max(turn.count.closed for _, turn in turns)
    unanswered = sum(turn.health_failures for _, turn in turns)
    slowest_ms = max(turn.health_max_ms for _, turn in turns)
    goals = {
        f"p99 beside the attack: {ratio:.2f} times, at most {MOST_RATIO}": ratio <= MOST_RATIO,
        f"viewers dropped: {dropped}": not dropped,
        f"/healthz not answered: {unanswered}": not unanswered,
        f"/healthz answered within {HEALTH_MS:.0f} ms: {slowest_ms:.0f} at most": slowest_ms
        <= HEALTH_MS,
    }
    for goal, is_met in goals.items():
        print(f"{goal}: {'met' if is_met else 'MISSED'}")
    return all(goals.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=float, default=30.0, help="of each turn")
    parser.add_argument("--turns", type=int, default=2, help="of each kind")
    parser.add_argument("--streams", type=int, default=1500)
    parser.add_argument("--slow", type=int, default=150, help="of each kind")
    report(*measure(parser.parse_args()))


if __name__ == "__main__":
    main()
