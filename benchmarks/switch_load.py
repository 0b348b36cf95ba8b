"""Switches on a server with many viewers: how long until the new channel is on its way.

Every viewer reads a channel of one camera; one after the other they switch to the other channel.
Three times are taken for each switch: the server's own (``switch_ms``, from the request to the
keyframe being queued), that of the request as its caller sees it, and until ``switched`` and the
new keyframe's first bytes have reached the viewer.

    python -m benchmarks.switch_load [--switches 1000] [--connections 100]
"""

from __future__ import annotations

import argparse
import http.client
import json
import re
import select
import socket
import threading
import time
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table
from tqdm.auto import tqdm

from benchmarks.fanout.servers import CAMERA, serve
from streamlab.core.stats import quantiles

SOURCE = "synthetic://traffic?width=640&height=360&fps=30"
CONNECTION_ID = re.compile(rb'"connection_id":"([^"]+)"')
SWITCHED = re.compile(rb"event: switched\n.*\n\n(?:.*\n)*?event: fragment")
MAX_P99_MS, MAX_MS = 10.0, 100.0
PAUSE_S = 0.01


class Viewer:
    """One connection that is always read."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self.socket = socket.create_connection((parts.hostname or "", parts.port or 80))
        path = f"/streams/sse/{CAMERA}/dual?initial_channel=raw"
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        received = b""
        while (found := CONNECTION_ID.search(received)) is None:
            received += self.socket.recv(65_536)
        self.connection_id = found[1].decode()
        self.channel = "raw"
        self.switched = threading.Event()
        self.switched_s = 0.0
        self._received = bytearray()

    def expect_switch(self) -> None:
        """Look out for the next ``switched``."""
        self._received.clear()
        self.switched.clear()

    def receive(self) -> None:
        """Read what has come."""
        data = self.socket.recv(1 << 18)
        if self.switched.is_set() or not data:
            return
        self._received += data
        if SWITCHED.search(self._received):
            self.switched_s = time.perf_counter()
            self.switched.set()
        elif b"event: switched" not in self._received:
            del self._received[:-64]


def read_all(viewers: list[Viewer], stopping: threading.Event) -> None:
    poller = select.epoll()
    by_fd = {viewer.socket.fileno(): viewer for viewer in viewers}
    for fd in by_fd:
        poller.register(fd, select.EPOLLIN)
    while not stopping.is_set():
        for fd, _ in poller.poll(0.1):
            by_fd[fd].receive()


def switch_all(address: str, viewers: list[Viewer], switches: int) -> list[tuple[float, ...]]:
    """Switch one viewer after the other; return three times for each, ms."""
    control = http.client.HTTPConnection(urlsplit(address).netloc)
    rows = []
    for number in tqdm(range(switches), "switching", leave=False):
        viewer = viewers[number % len(viewers)]
        viewer.channel = "annotated" if viewer.channel == "raw" else "raw"
        body = {"new_channel": viewer.channel, "connection_id": viewer.connection_id}
        viewer.expect_switch()
        asked_s = time.perf_counter()
        headers = {"Content-Type": "application/json"}
        control.request("POST", f"/streams/sse/{CAMERA}/switch", json.dumps(body), headers)
        response = control.getresponse()
        answer = json.loads(response.read())
        answered_s = time.perf_counter()
        if response.status != 200:
            raise RuntimeError(f"switch {number}: {response.status} {answer}")
        if not viewer.switched.wait(5):
            raise TimeoutError(f"switch {number}: the viewer has not heard of it")
        seconds = (answered_s - asked_s, viewer.switched_s - asked_s)
        rows.append((answer["switch_ms"], *(1000 * each for each in seconds)))
        time.sleep(PAUSE_S)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--switches", type=int, default=1000)
    parser.add_argument("--connections", type=int, default=100)
    options = parser.parse_args()
    stopping = threading.Event()
    with serve(SOURCE, "--model", "truth") as (address, _):
        viewers = [Viewer(address) for _ in range(options.connections)]
        reading = threading.Thread(target=read_all, args=(viewers, stopping))
        reading.start()
        try:
            time.sleep(2)
            rows = switch_all(address, viewers, options.switches)
        finally:
            stopping.set()
            reading.join()
    title = f"{options.switches} switches, {options.connections} viewers"
    table = Table(title, box=None, padding=(0, 2, 0, 0))
    for name in ("p50 ms", "p95 ms", "p99 ms", "max ms"):
        table.add_column(name, justify="right")
    names = ("until queued (server)", "until answered", "until the keyframe is there")
    worst = []
    for name, values in zip(names, zip(*rows, strict=True), strict=True):
        found = quantiles(values)
        assert found is not None
        figures = (found.p50, found.p95, found.p99, found.max)
        table.add_row(name, *(f"{figure:.2f}" for figure in figures))
        worst.append(found)
    Console(width=100).print(table)
    queued, answered, arrived = worst
    p99_met = queued.p99 <= MAX_P99_MS and answered.p99 <= MAX_P99_MS
    print(f"p99 at most {MAX_P99_MS:.0f} ms: {'met' if p99_met else 'MISSED'}")
    never = max(queued.max, answered.max, arrived.max) <= MAX_MS
    print(f"never more than {MAX_MS:.0f} ms: {'met' if never else 'MISSED'}")


if __name__ == "__main__":
    main()
