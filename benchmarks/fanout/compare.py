"""Servers beside one another, in turn, with the same number of readers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass

from benchmarks.fanout.load import counting
from benchmarks.fanout.readers import Count
from benchmarks.fanout.servers import (
    Server,
    better_sse,
    has_sse_starlette,
    naive,
    nchan,
    nchan_module,
    node,
    record,
    streamlab,
    writer,
)

KEEPS_UP = 0.9  # of the events that should have arrived
SETTLE_S = 1.5  # joining, and the cached GOP, are over
OURS, FLOOR, NCHAN, BETTER, NAIVE = (
    "streamlab",
    "plain asyncio writer",
    "nginx + nchan",
    "better-sse",
    "naive sse-starlette",
)


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


def compare(
    peers: dict[str, Peer], readers: int, *, fps: int, seconds: float, rounds: int
) -> Turns:
    """Let the servers take turns. One that cannot keep up gets no other turn."""
    turns: Turns = {name: [] for name in peers}
    beaten: set[str] = set()
    for number in range(rounds):
        for name in (name for name in peers if name not in beaten):
            head = f"{readers} readers, round {number + 1}, {name}:"
            try:
                with peers[name]() as server:
                    turn = take_turn(server, readers, fps, seconds)
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


@contextmanager
def servers(fps: int, event_bytes: int, without: tuple[str, ...] = ()) -> Iterator[dict[str, Peer]]:
    """Yield the servers that can be had here, ours first; the others send what ours recorded.

    Ours and nginx run all the time, as both cost little when nobody reads. The others run for
    their turns only: some are busy long after their readers have left.
    """
    with ExitStack() as stack:
        ours = stack.enter_context(streamlab(fps, event_bytes))
        fragments = record(ours.url, count=2 * fps)
        peers: dict[str, Peer] = {OURS: lambda: nullcontext(ours)}
        peers[FLOOR] = lambda: writer(fragments, fps)
        if "nchan" in without or nchan_module() is None:
            print("without nginx + nchan: Debian has them as nginx and libnginx-mod-nchan")
        else:
            nginx = stack.enter_context(nchan(fragments, fps))
            peers[NCHAN] = lambda: nullcontext(nginx)
        if "better-sse" in without or node() is None:
            print("without better-sse: npm install in benchmarks/")
        else:
            peers[BETTER] = lambda: better_sse(fragments, fps)
        if "naive" in without or not has_sse_starlette():
            print("without naive sse-starlette: pip install sse-starlette")
        else:
            peers[NAIVE] = lambda: naive(fragments, fps)
        yield peers
