"""Connections opened and dropped: descriptors, tasks and memory have to return to the start.

Every connection asks for a stream and is dropped at one of four moments: before the answer, after
its head, after the first picture, or by a reset. Some are dropped first, so that what a process
allocates once is there when the counting begins.

    python -m benchmarks.churn [--connections 10000]
"""

from __future__ import annotations

import argparse
import re
import socket
import struct
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.fanout.servers import Server, streamlab

FPS, EVENT_BYTES = 10, 20_000
AT_ONCE = 50
WARM_UP = 1000
LINGER_S = 6.0  # encoders go on for 5 s after the last viewer
MEMORY_KB = 8192  # what the allocator may keep
RESET = struct.pack("ii", 1, 0)
GAUGE = re.compile(r"^(streamlab_tasks|streamlab_connections)(?:\{.*\})? (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class State:
    """What a server holds."""

    files: int
    tasks: int
    connections: int
    memory_kb: int


def state(server: Server) -> State:
    parts = urlsplit(server.url)
    with urllib.request.urlopen(f"http://{parts.netloc}/metrics") as response:
        gauges = dict(GAUGE.findall(response.read().decode()))
    files = sum(1 for pid in server.pids for _ in Path(f"/proc/{pid}/fd").iterdir())
    tasks, connections = (
        int(float(gauges[f"streamlab_{name}"])) for name in ("tasks", "connections")
    )
    return State(files, tasks, connections, server.pss_kb())


def settled(server: Server, start: State | None) -> State:
    """Return the state once it does not differ any more, or 10 s have passed."""
    time.sleep(LINGER_S)
    give_up_s = time.monotonic() + 10
    while (now := state(server)) and time.monotonic() < give_up_s:
        if start is None or (now.files, now.tasks) == (start.files, start.tasks):
            break
        time.sleep(0.5)
    return now


def drop_some(server: Server, count: int) -> None:
    """Open connections, and drop a quarter of them at each of the four moments."""
    parts = urlsplit(server.url)
    request = f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    clients = []
    for number in range(count):
        client = socket.create_connection((parts.hostname or "", parts.port or 80), timeout=20)
        client.sendall(request)
        if number % 4:
            clients.append(client)
        else:
            client.close()
    for number, client in enumerate(clients):
        received = client.recv(4096)
        while number % 3 and b"event: fragment" not in received[-32_768:]:
            received += client.recv(65_536)
        if number % 3 == 2:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        client.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--connections", type=int, default=10_000)
    options = parser.parse_args()
    with streamlab(FPS, EVENT_BYTES) as server:
        for _ in range(WARM_UP // AT_ONCE):
            drop_some(server, AT_ONCE)
        before = settled(server, None)
        started_s = time.monotonic()
        for _ in track(range(options.connections // AT_ONCE), "dropping", transient=True):
            drop_some(server, AT_ONCE)
        seconds = time.monotonic() - started_s
        after = settled(server, before)
    table = Table(f"{options.connections} in {seconds:.0f} s", box=None, padding=(0, 2, 0, 0))
    for title in ("files", "tasks", "connections", "memory kB"):
        table.add_column(title, justify="right")
    for name, each in (("before", before), ("after", after)):
        row = (each.files, each.tasks, each.connections, each.memory_kb)
        table.add_row(name, *map(str, row))
    Console(width=100).print(table)
    same = (before.files, before.tasks, before.connections) == (
        after.files,
        after.tasks,
        after.connections,
    )
    back = same and after.memory_kb - before.memory_kb <= MEMORY_KB
    print("all given back" if back else "NOT GIVEN BACK")


if __name__ == "__main__":
    main()
