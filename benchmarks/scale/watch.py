"""Viewers of many cameras, and what was delivered to them, frame by frame.

    python -m benchmarks.scale.watch

Takes lines on standard input: `watch URL` adds a connection, `begin` forgets what has come so far,
`end` prints the frames since as one line of JSON. One process and one thread for all connections;
it does not decode, and looks at each event once.
"""

from __future__ import annotations

import json
import re
import select
import socket
import sys
import time
from typing import NamedTuple
from urllib.parse import urlsplit

BUFFER_BYTES = 1 << 20
FRAGMENT = re.compile(
    rb'event: fragment\ndata: \{"camera_id":"([^"]+)","channel":"(\w+)"[^\n]*?"pts":(\d+)'
    rb'[^\n]*?"captured_at":([0-9.]+),"frames":\[\{"pts":\d+(?:,"detections_pts":(\d+|null))?'
    rb'[^\n]*"released_at":([0-9.]+),"cached":(true|false)'
)


class Delivered(NamedTuple):
    """A frame of one channel that reached a viewer. Times are Unix seconds."""

    camera_id: str
    channel: str
    pts: int
    captured_at: float
    detections_pts: int | None
    """The frame its boxes were found on; None also on the raw channel."""
    released_at: float
    arrived_at: float


class Connection:
    """One event stream."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.socket = socket.create_connection((parts.hostname or "", parts.port or 80))
        request = f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: localhost\r\n\r\n"
        self.socket.sendall(request.encode())
        self._pending = b""

    def receive(self) -> list[Delivered]:
        """Read what has come. Raises ConnectionError when the stream has ended."""
        data = self.socket.recv(BUFFER_BYTES)
        if not data:
            raise ConnectionError("a stream has ended")
        now_s = time.time()
        whole, end, rest = (self._pending + data).rpartition(b"\n\n")
        self._pending = rest if end else whole + rest
        return [
            _delivered(found, now_s) for found in FRAGMENT.finditer(whole) if found[7] == b"false"
        ]


def _delivered(found: re.Match[bytes], now_s: float) -> Delivered:
    boxes = None if found[5] in (None, b"null") else int(found[5])
    camera, channel = found[1].decode(), found[2].decode()
    return Delivered(camera, channel, int(found[3]), float(found[4]), boxes, float(found[6]), now_s)


def main() -> None:
    connections: dict[int, Connection] = {}
    frames: list[Delivered] = []
    poller = select.epoll()
    poller.register(sys.stdin, select.EPOLLIN)
    while True:
        for fd, _ in poller.poll():
            if fd in connections:
                frames += connections[fd].receive()
                continue
            word, _, url = sys.stdin.readline().strip().partition(" ")
            if word == "watch":
                connection = Connection(url)
                connections[connection.socket.fileno()] = connection
                poller.register(connection.socket, select.EPOLLIN)
            elif word == "begin":
                frames = []
            elif word == "end":
                print(json.dumps(frames), flush=True)
            else:
                return


if __name__ == "__main__":
    main()
