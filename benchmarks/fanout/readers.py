"""The load: many readers of one event stream in one process, with one system call per read.

    python -m benchmarks.fanout.readers URL READERS

Says ``ready`` once every reader has got its first event, or a minute has passed. Counts from a
line on its standard input to the next one, and prints what was counted as JSON; again and again,
until the input ends.
"""

from __future__ import annotations

import json
import re
import select
import socket
import sys
import time
from array import array
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

from streamlab.core.stats import quantiles

BUFFER_BYTES = 1 << 18
CONNECTING_AT_ONCE = 32
MARK = b'"released_at":'
STAMP = re.compile(rb'"released_at": ?([0-9.]+)[^0-9.]')
JOIN_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Count:
    """What all readers got between the two marks. Delays are from an event's stamp to its end."""

    events: int
    fewest: int
    """Events of the reader that got the fewest."""
    octets: int
    closed: int
    seconds: float
    delay_p50_ms: float
    delay_p99_ms: float


class Reader:
    """One connection. ``events`` counts its fragments, by what only they carry."""

    def __init__(self, host: str, port: int, path: str) -> None:
        self.socket = socket.create_connection((host, port))
        request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\n\r\n"
        self.socket.sendall(request.encode())
        self.socket.setblocking(False)
        self.events = 0
        self._tail = b""

    def receive(self, buffer: bytearray, size: int) -> int:
        """Count the marks in the first ``size`` bytes of the buffer; return how many."""
        seam = self._tail + buffer[: min(size, len(MARK) - 1)]
        marks = buffer.count(MARK, 0, size) + seam.count(MARK)
        self._tail = bytes(buffer[max(0, size - len(MARK) + 1) : size])
        self.events += marks
        return marks


class Readers:
    """All connections, read by one thread."""

    def __init__(self, url: str, count: int) -> None:
        parts = urlsplit(url)
        self.closed = 0
        self.octets = 0
        self.delays_ms = array("d")
        self._address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._path = f"{parts.path}?{parts.query}"
        self._buffer = bytearray(BUFFER_BYTES)
        self._epoll = select.epoll()
        self._readers: dict[int, Reader] = {}
        self._give_up_s = time.monotonic() + JOIN_TIMEOUT_S
        while len(self._readers) < count:
            self._connect(min(CONNECTING_AT_ONCE, count - len(self._readers)))

    def _connect(self, count: int) -> None:
        joining = [Reader(*self._address, self._path) for _ in range(count)]
        for reader in joining:
            self._readers[reader.socket.fileno()] = reader
            self._epoll.register(reader.socket, select.EPOLLIN)
        while time.monotonic() < self._give_up_s and not all(reader.events for reader in joining):
            self.poll()

    def poll(self) -> None:
        """Read what has come, for at most 50 ms."""
        for fd, _ in self._epoll.poll(0.05):
            reader = self._readers[fd]
            try:
                size = reader.socket.recv_into(self._buffer)
            except ConnectionResetError:
                size = 0
            if size:
                self.octets += size
                if reader.receive(self._buffer, size):
                    self._take_delay(size)
            else:
                self.closed += 1
                self._epoll.unregister(fd)

    def _take_delay(self, size: int) -> None:
        at = self._buffer.rfind(MARK, 0, size)
        stamp = STAMP.match(self._buffer, at, size) if at >= 0 else None
        if stamp:
            self.delays_ms.append((time.time() - float(stamp[1])) * 1000)

    def count(self) -> Count:
        """Count until a line comes on standard input."""
        before = {fd: reader.events for fd, reader in self._readers.items()}
        self.octets, self.delays_ms = 0, array("d")
        started_s = time.monotonic()
        self.poll_until_told()
        seconds = time.monotonic() - started_s
        events = [reader.events - before[fd] for fd, reader in self._readers.items()]
        found = quantiles(list(self.delays_ms))
        p50, p99 = (found.p50, found.p99) if found else (0.0, 0.0)
        return Count(sum(events), min(events), self.octets, self.closed, seconds, p50, p99)

    def poll_until_told(self) -> bool:
        """Read until a line comes on standard input; return whether one came before its end."""
        while not select.select([sys.stdin], [], [], 0)[0]:
            self.poll()
        return bool(sys.stdin.readline())


def main() -> None:
    try:
        readers = Readers(sys.argv[1], int(sys.argv[2]))
    except (TimeoutError, ConnectionError) as error:
        raise SystemExit(str(error)) from None
    print("ready", flush=True)
    while readers.poll_until_told():
        print(json.dumps(asdict(readers.count())), flush=True)


if __name__ == "__main__":
    main()
