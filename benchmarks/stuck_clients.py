"""Clients that stop reading beside clients that read: who is delayed, and what it costs.

100 readers are timed alone, then beside 100 clients that have stopped reading, then alone again.
Memory per stuck client is what the server's process grew by (PSS) and what the kernel holds for
the server's end of its connection (``ss -tm``); after the server has dropped them, all of it has
to be back. The clients are dropped by ``slow_client_timeout``, here the time they are stuck.

    python -m benchmarks.stuck_clients [--seconds 60] [--clients 100]
"""

from __future__ import annotations

import argparse
import re
import shutil
import socket
import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

from benchmarks.fanout.load import counting
from benchmarks.fanout.readers import Count
from benchmarks.fanout.servers import Server, streamlab

FPS, EVENT_BYTES = 10, 20_000
MAX_KB = 300
# skmem of ss(8): received, queued to be sent, reserved, options; all in bytes.
HELD = re.compile(r"skmem:\(r(\d+),rb\d+,t\d+,tb\d+,f(\d+),w(\d+),o(\d+)")


@dataclass(frozen=True, slots=True)
class Memory:
    """What the server holds, in its process and in the kernel, kB."""

    process_kb: float
    kernel_kb: float
    sockets: int
    files: int


def memory(server: Server) -> Memory:
    port = urlsplit(server.url).port
    answer = subprocess.run(
        ["ss", "-tmnH", f"sport = :{port}"], capture_output=True, text=True, check=True
    )
    held = [sum(map(int, sizes)) for sizes in HELD.findall(answer.stdout)]
    files = sum(1 for pid in server.pids for _ in Path(f"/proc/{pid}/fd").iterdir())
    return Memory(server.pss_kb(), sum(held) / 1024, len(held), files)


def stop_reading(url: str) -> socket.socket:
    """Open a stream, read its beginning, and never read again."""
    parts = urlsplit(url)
    client = socket.create_connection((parts.hostname or "", parts.port or 80))
    client.sendall(f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    client.recv(4096)
    return client


def measure(server: Server, options: argparse.Namespace) -> tuple[dict[str, Count], list[Memory]]:
    counts = {}
    with counting(server.url, options.clients) as readers:
        time.sleep(2)
        counts["before"] = readers.count(options.seconds / 3)
        memories = [memory(server)]
        with ExitStack() as stack:
            for _ in range(options.clients):
                stack.enter_context(stop_reading(server.url))
            readers.begin()
            until_s = time.monotonic() + options.seconds * 0.9
            while time.monotonic() < until_s:
                time.sleep(1)
                memories.append(memory(server))
            counts["beside stuck clients"] = readers.end()
            give_up_s = time.monotonic() + options.seconds
            while memory(server).sockets > options.clients and time.monotonic() < give_up_s:
                time.sleep(0.5)
            time.sleep(2)
            memories.append(memory(server))
        counts["after"] = readers.count(options.seconds / 3)
    return counts, memories


def report(counts: dict[str, Count], memories: list[Memory], clients: int) -> None:
    table = Table("readers", box=None, padding=(0, 2, 0, 0))
    for title in ("events", "lost", "p50 ms", "p99 ms"):
        table.add_column(title, justify="right")
    for name, count in counts.items():
        delays = (f"{count.delay_p50_ms:.1f}", f"{count.delay_p99_ms:.1f}")
        table.add_row(name, str(count.events), str(count.closed), *delays)
    Console(width=100).print(table)
    first, *beside, last = memories
    process_kb = (max(each.process_kb for each in beside) - first.process_kb) / clients
    kernel_kb = (max(each.kernel_kb for each in beside) - first.kernel_kb) / clients
    word = "met" if process_kb + kernel_kb <= MAX_KB else "MISSED"
    print(f"a stuck client: {process_kb:.0f} kB in the process, {kernel_kb:.0f} kB in the kernel")
    print(f"at most {MAX_KB} kB: {word}")
    back = last.sockets == first.sockets and last.files == first.files
    print(
        f"after: {last.sockets - first.sockets:+} sockets, {last.files - first.files:+} files, "
        f"{last.process_kb - first.process_kb:+.0f} kB in the process, "
        f"{last.kernel_kb - first.kernel_kb:+.0f} kB in the kernel: "
        f"{'all given back' if back else 'NOT GIVEN BACK'}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="that clients are stuck")
    parser.add_argument("--clients", type=int, default=100, help="of each kind")
    options = parser.parse_args()
    if shutil.which("ss") is None:
        raise SystemExit("ss is missing; on Debian: apt-get install iproute2")
    with streamlab(FPS, EVENT_BYTES, slow_client_timeout=options.seconds) as server:
        report(*measure(server, options), options.clients)


if __name__ == "__main__":
    main()
