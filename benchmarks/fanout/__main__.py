"""Server CPU per delivered event: streamlab beside nginx + nchan and naive sse-starlette.

One publisher, events of 20 KB at 10 a second, N readers on the loopback. The servers run beside
one another and take turns, so that what else the machine does meets them all. CPU is user and
system time of the server's processes (streamlab's includes its camera), from /proc/PID/stat.

    python -m benchmarks.fanout [--readers 200 1000] [--seconds 10] [--rounds 3]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
import time

from rich.console import Console
from rich.table import Table

from benchmarks.fanout.readers import Count
from benchmarks.fanout.servers import (
    Server,
    has_sse_starlette,
    naive,
    nchan,
    nchan_module,
    streamlab,
)

GOALS = {"nginx + nchan": 1.0, "naive sse-starlette": 1 / 8}


@dataclass(frozen=True, slots=True)
class Turn:
    """What one server did in one turn."""

    count: Count
    cpu_s: float
    rss_kb_per_reader: float
    expected: float

    @property
    def cpu_us(self) -> float:
        """CPU per delivered event, µs."""
        return self.cpu_s * 1e6 / max(1, self.count.events)

    @property
    def delivered(self) -> float:
        """Share of the events that should have arrived and did."""
        return self.count.events / self.expected


def take_turn(server: Server, readers: int, fps: int, seconds: float) -> Turn | None:
    """Measure one server; None when it does not even serve all readers."""
    command = [sys.executable, "-m", "benchmarks.fanout.readers", server.url, str(readers)]
    before_kb = server.rss_kb()
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            return None
        time.sleep(1.0)  # joining is over
        rss_kb = (server.rss_kb() - before_kb) / readers
        cpu_s = server.cpu_s()
        process.stdin.write("begin\n")
        process.stdin.flush()
        time.sleep(seconds)
        cpu_s = server.cpu_s() - cpu_s
        process.stdin.write("end\n")
        process.stdin.flush()
        count = Count(**json.loads(process.stdout.readline()))
    return Turn(count, cpu_s, rss_kb, readers * fps * count.seconds)


def compare(
    servers: dict[str, Server], readers: int, options: argparse.Namespace
) -> dict[str, list[Turn]]:
    turns: dict[str, list[Turn]] = {name: [] for name in servers}
    for number in range(options.rounds):
        for name, server in servers.items():
            turn = take_turn(server, readers, options.fps, options.seconds)
            if turn is None:
                print(f"{name}: does not serve {readers} readers", flush=True)
                continue
            turns[name].append(turn)
            print(
                f"{readers} readers, round {number + 1}, {name}: "
                f"{turn.cpu_us:.1f} µs/event, {turn.delivered:.1%} delivered",
                flush=True,
            )
    return turns


def report(readers: int, turns: dict[str, list[Turn]]) -> None:
    table = Table("server", box=None, padding=(0, 2, 0, 0), title=f"{readers} readers")
    for title in ("µs/event", "least-most", "delivered", "p50 ms", "p99 ms", "kB/reader", "ratio"):
        table.add_column(title, justify="right")
    ours = [turn.cpu_us for turn in turns["streamlab"]]
    for name, taken in turns.items():
        if not taken:
            continue
        theirs = [turn.cpu_us for turn in taken]
        ratios = [mine / other for mine, other in zip(ours, theirs, strict=False)]
        table.add_row(
            name,
            f"{statistics.median(theirs):.1f}",
            f"{min(theirs):.1f}-{max(theirs):.1f}",
            f"{statistics.median(turn.delivered for turn in taken):.1%}",
            f"{statistics.median(turn.count.delay_p50_ms for turn in taken):.1f}",
            f"{statistics.median(turn.count.delay_p99_ms for turn in taken):.1f}",
            f"{statistics.median(turn.rss_kb_per_reader for turn in taken):.0f}",
            "" if name == "streamlab" else f"{statistics.median(ratios):.2f}",
        )
    Console(width=100).print(table)
    for name, goal in GOALS.items():
        pairs = zip(ours, (turn.cpu_us for turn in turns.get(name, [])), strict=False)
        ratios = [mine / other for mine, other in pairs]
        if ratios:
            ratio = statistics.median(ratios)
            word = "met" if ratio <= goal else "MISSED"
            print(f"streamlab / {name}: {ratio:.3f}, goal {goal:.3f}: {word}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--readers", type=int, nargs="+", default=[200, 1000])
    parser.add_argument("--seconds", type=float, default=10.0, help="of each turn")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--fps", type=int, default=10, help="events a second")
    parser.add_argument("--event-bytes", type=int, default=20_000)
    parser.add_argument("--without", nargs="*", default=[], help="nchan, naive")
    options = parser.parse_args()
    with ExitStack() as stack:
        ours = stack.enter_context(streamlab(options.fps, options.event_bytes))
        servers = {"streamlab": ours}
        if "nchan" in options.without or nchan_module() is None:
            print("without nginx + nchan: Debian has them as nginx and libnginx-mod-nchan")
        else:
            peer = nchan(ours.fragments, options.fps)
            servers["nginx + nchan"] = stack.enter_context(peer)
        if "naive" in options.without or not has_sse_starlette():
            print("without naive sse-starlette: pip install sse-starlette")
        else:
            servers["naive sse-starlette"] = stack.enter_context(naive(ours.fragments, options.fps))
        for readers in options.readers:
            report(readers, compare(servers, readers, options))


if __name__ == "__main__":
    main()
