"""Server CPU per delivered event: streamlab beside others who send the same.

One publisher, events of 20 KB at 10 a second, N readers on the loopback. The servers run beside
one another and take turns, so that what else the machine does meets them all. CPU is user and
system time of the threads of a server, from /proc/PID/task/*/schedstat; the peers are published to
by others, so the threads of streamlab's camera are left out there, and "all CPU" has them.

    python -m benchmarks.fanout [--readers 200 1000] [--seconds 10] [--rounds 3]
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from benchmarks.fanout.compare import NAIVE, NCHAN, OURS, Turn, Turns, compare, servers

GOALS = {NCHAN: 1.0, NAIVE: 1 / 8}


def report(readers: int, turns: Turns) -> None:
    table = Table("server", box=None, padding=(0, 2, 0, 0), title=f"{readers} readers")
    titles = ("µs/event", "least-most", "all CPU", "delivered", "p50 ms", "p99 ms", "kB/reader")
    for title in titles:
        table.add_column(title, justify="right")
    for name, taken in turns.items():
        if taken:
            table.add_row(name, *row(taken))
    Console(width=100).print(table)
    for name, goal in GOALS.items():
        pairs = list(zip(turns[OURS], turns.get(name, []), strict=False))
        if not pairs:
            continue
        ratios = [ours.fan_out_us / theirs.fan_out_us for ours, theirs in pairs]
        whole = [ours.cpu_us / theirs.cpu_us for ours, theirs in pairs]
        ratio = statistics.median(ratios)
        word = "met" if ratio <= goal else "MISSED"
        print(
            f"streamlab / {name}: {ratio:.2f} ({min(ratios):.2f} to {max(ratios):.2f}), "
            f"goal {goal:.3f}: {word}; with the camera {statistics.median(whole):.2f}"
        )


def row(turns: list[Turn]) -> list[str]:
    def median(of: Callable[[Turn], float]) -> float:
        return statistics.median(map(of, turns))

    costs = [turn.fan_out_us for turn in turns]
    return [
        f"{statistics.median(costs):.1f}",
        f"{min(costs):.1f}-{max(costs):.1f}",
        f"{median(lambda turn: turn.cpu_us):.1f}",
        f"{median(lambda turn: turn.delivered):.1%}",
        f"{median(lambda turn: turn.count.delay_p50_ms):.1f}",
        f"{median(lambda turn: turn.count.delay_p99_ms):.1f}",
        f"{median(lambda turn: turn.pss_kb_per_reader):.0f}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--readers", type=int, nargs="+", default=[200, 1000])
    parser.add_argument("--seconds", type=float, default=10.0, help="of each turn")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--fps", type=int, default=10, help="events a second")
    parser.add_argument("--event-bytes", type=int, default=20_000)
    parser.add_argument("--without", nargs="*", default=[], help="nchan, better-sse, naive")
    options = parser.parse_args()
    with servers(options.fps, options.event_bytes, tuple(options.without)) as peers:
        for readers in options.readers:
            turns = compare(
                peers,
                readers,
                fps=options.fps,
                seconds=options.seconds,
                rounds=options.rounds,
            )
            report(readers, turns)


if __name__ == "__main__":
    main()
