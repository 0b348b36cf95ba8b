"""Many viewers of cameras in a process of their own, each on the one connection that it keeps."""

from __future__ import annotations

import multiprocessing
import select
import signal
import socket
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

from benchmarks.workers.tally import Tally, ViewerEvents

EVENT_END = b"\n\n"
BUFFER_BYTES = 1 << 18
CONNECTING_AT_ONCE = 16
JOIN_TIMEOUT_S = 120.0
ANSWER_TIMEOUT_S = 60.0


class Viewers:
    """So many viewers of both channels, spread evenly over the cameras; a context manager."""

    def __init__(self, port: int, cameras: Sequence[str], count: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, far = context.Pipe()
        self._process = context.Process(target=_watch, args=(port, cameras, count, far))

    def __enter__(self) -> Self:
        """Return once each has got a fragment. Raises TimeoutError."""
        self._process.start()
        if self._answer(JOIN_TIMEOUT_S + ANSWER_TIMEOUT_S) != "ready":
            raise TimeoutError("the server does not serve all viewers")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.join()
        self._connection.close()

    @property
    def pid(self) -> int | None:
        """Their process."""
        return self._process.pid

    def begin(self) -> None:
        """Forget what was counted."""
        self._connection.send("begin")
        self._answer(ANSWER_TIMEOUT_S)

    def pauses(self) -> dict[str, int]:
        """Return how often viewers of each camera have had a picture again after a loss."""
        self._connection.send("pauses")
        found: dict[str, int] = self._answer(ANSWER_TIMEOUT_S)
        return found

    def tallies(self) -> dict[str, Tally]:
        """Return what was counted, by camera. Raises EOFError if a connection has ended."""
        self._connection.send("tallies")
        found: dict[str, Tally] = self._answer(ANSWER_TIMEOUT_S)
        return found

    def _answer(self, timeout_s: float) -> Any:
        if not self._connection.poll(timeout_s):
            raise TimeoutError("the viewers do not answer")
        return self._connection.recv()


class _Viewer:
    """One connection."""

    def __init__(self, port: int, camera: str, tally: Tally) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        path = f"/streams/sse/{camera}/dual?initial_channel=both"
        self.socket.sendall(f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n".encode())
        self.socket.setblocking(False)
        self.camera = camera
        self.events = ViewerEvents(tally)
        self._pending = b""

    def receive(self, piece: bytes, now_ns: int) -> None:
        *events, self._pending = (self._pending + piece).split(EVENT_END)
        for event in events:
            self.events.receive(event, now_ns)


class _Watching:
    """All connections, read by one thread."""

    def __init__(self, port: int, cameras: Sequence[str], count: int) -> None:
        self.tallies: dict[str, Tally] = {}
        self._epoll = select.epoll()
        self._viewers: dict[int, _Viewer] = {}
        self._joining = [cameras[number % len(cameras)] for number in range(count)]
        self._port = port

    def join(self) -> None:
        """Connect all, some at a time, and wait for their first pictures."""
        give_up_s = time.monotonic() + JOIN_TIMEOUT_S
        while self._joining or not all(each.events.has_picture for each in self._viewers.values()):
            for camera in self._joining[:CONNECTING_AT_ONCE]:
                tally = self.tallies.setdefault(camera, Tally())
                tally.viewers += 1
                viewer = _Viewer(self._port, camera, tally)
                self._viewers[viewer.socket.fileno()] = viewer
                self._epoll.register(viewer.socket, select.EPOLLIN)
            del self._joining[:CONNECTING_AT_ONCE]
            self.poll()
            if time.monotonic() > give_up_s:
                raise TimeoutError

    def begin(self) -> None:
        """Count from now on."""
        for name, tally in self.tallies.items():
            self.tallies[name] = Tally(viewers=tally.viewers)
        for viewer in self._viewers.values():
            viewer.events.tally = self.tallies[viewer.camera]

    def poll(self) -> None:
        """Read what has come, for at most 20 ms. Raises EOFError when a connection has ended."""
        for fd, _ in self._epoll.poll(0.02):
            viewer = self._viewers[fd]
            piece = viewer.socket.recv(BUFFER_BYTES)
            if not piece:
                raise EOFError(f"the stream of {viewer.camera} has ended")
            viewer.receive(piece, time.monotonic_ns())


def _watch(port: int, cameras: Sequence[str], count: int, connection: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    watching = _Watching(port, cameras, count)
    watching.join()
    connection.send("ready")
    while True:
        watching.poll()
        if not connection.poll():
            continue
        match connection.recv():
            case "begin":
                watching.begin()
                connection.send(None)
            case "pauses":
                counts = watching.tallies.items()
                connection.send({name: len(each.pauses_ms) for name, each in counts})
            case "tallies":
                connection.send(watching.tallies)
