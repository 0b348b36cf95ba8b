"""Server CPU per delivered event: streamlab beside nginx + nchan and naive sse-starlette.

One publisher, events of 20 KB at 10 a second, N readers on the loopback. The servers run beside
one another and take turns, so that what else the machine does meets them all. CPU is user and
system time of the server's processes from /proc/PID/stat; the peers are published to by this
process, so the threads of streamlab's camera are left out there, and "all CPU" has them.

    python -m benchmarks.fanout [--readers 200 1000] [--seconds 10] [--rounds 3]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from benchmarks.fanout.load import counting
from benchmarks.fanout.readers import Count
from benchmarks.fanout.servers import (
    Server,
    has_sse_starlette,
    naive,
    nchan,
    nchan_module,
    record,
    streamlab,
)

KEEPS_UP = 0.9  # of the events that should have arrived
SETTLE_S = 1.5  # joining, and the cached GOP, are over
GOALS = {"nginx + nchan": 1.0, "naive sse-starlette": 1 / 8}


@dataclass(frozen=True, slots=True)
class Turn:
    """What one server did in one turn."""

    count: Count
    fan_out_cpu_s: float
    cpu_s: float
    pss_kb_per_reader: float
    expected: float

    @property
    def fan_out_us(self) -> float:
        """CPU per delivered event, µs, without making the event."""
        return self.fan_out_cpu_s * 1e6 / max(1, self.count.events)

    @property
    def cpu_us(self) -> float:
        """All CPU per delivered event, µs."""
        return self.cpu_s * 1e6 / max(1, self.count.events)

    @property
    def delivered(self) -> float:
        """Share of the events that should have arrived and did."""
        return self.count.events / self.expected


Turns = dict[str, list[Turn]]
Peer = Callable[[], AbstractContextManager[Server]]


def take_turn(server: Server, readers: int, fps: int, seconds: float) -> Turn:
    """Measure one server. Raises TimeoutError when it does not even serve all readers."""
    before_kb = server.pss_kb()
    with counting(server.url, readers) as load:
        time.sleep(SETTLE_S)
        pss_kb = (server.pss_kb() - before_kb) / readers
        fan_out_s, cpu_s = server.fan_out_cpu_s(), server.cpu_s()
        load.begin()
        time.sleep(seconds)
        fan_out_s, cpu_s = server.fan_out_cpu_s() - fan_out_s, server.cpu_s() - cpu_s
        count = load.end()
    return Turn(count, fan_out_s, cpu_s, pss_kb, readers * fps * count.seconds)


def compare(peers: dict[str, Peer], readers: int, options: argparse.Namespace) -> Turns:
    """Let the servers take turns. One that cannot keep up gets no other turn."""
    turns: Turns = {name: [] for name in peers}
    beaten: set[str] = set()
    for number in range(options.rounds):
        for name in (name for name in peers if name not in beaten):
            head = f"{readers} readers, round {number + 1}, {name}:"
            try:
                with peers[name]() as server:
                    turn = take_turn(server, readers, options.fps, options.seconds)
            except TimeoutError as error:
                beaten.add(name)
                print(head, error, flush=True)
                continue
            turns[name].append(turn)
            figures = f"{turn.fan_out_us:.1f} µs/event, {turn.delivered:.1%} delivered"
            print(head, figures, flush=True)
            if turn.delivered < KEEPS_UP:
                beaten.add(name)
    return turns


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
        pairs = list(zip(turns["streamlab"], turns.get(name, []), strict=False))
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
    parser.add_argument("--without", nargs="*", default=[], help="nchan, naive")
    options = parser.parse_args()
    with ExitStack() as stack:
        ours = stack.enter_context(streamlab(options.fps, options.event_bytes))
        fragments = record(ours.url, count=2 * options.fps)
        peers: dict[str, Peer] = {"streamlab": lambda: nullcontext(ours)}
        if "nchan" in options.without or nchan_module() is None:
            print("without nginx + nchan: Debian has them as nginx and libnginx-mod-nchan")
        else:
            nginx = stack.enter_context(nchan(fragments, options.fps))
            peers["nginx + nchan"] = lambda: nullcontext(nginx)
        if "naive" in options.without or not has_sse_starlette():
            print("without naive sse-starlette: pip install sse-starlette")
        else:  # runs for its turns only: it is busy long after its readers have left
            peers["naive sse-starlette"] = lambda: naive(fragments, options.fps)
        for readers in options.readers:
            report(readers, compare(peers, readers, options))


if __name__ == "__main__":
    main()
