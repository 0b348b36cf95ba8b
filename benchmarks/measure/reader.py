"""Reads a stream in a process of its own, which does nothing but stamp each event's arrival."""

from __future__ import annotations

import multiprocessing
import queue
import signal
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from multiprocessing.queues import Queue
from types import TracebackType
from typing import NamedTuple, Self

EVENT_END = b"\n\n"
MAX_EVENTS = 4096  # a minute of both channels
POLL_S = 0.2
PIECE_BYTES = 65_536
READ_TIMEOUT_S = 30.0


class Arrival(NamedTuple):
    """An event as it was sent, and when its last byte was read."""

    at_ns: int
    """Monotonic; one clock for all processes of the machine."""
    at_s: float
    """Unix seconds."""
    event: bytes


class Reader:
    """Reads in the background; a context manager. ``arrivals`` yields what has come."""

    def __init__(self, port: int, path: str) -> None:
        context = multiprocessing.get_context("spawn")
        self._arrivals: Queue[Arrival] = context.Queue(MAX_EVENTS)
        self._process = context.Process(target=_read, args=(port, path, self._arrivals))

    def __enter__(self) -> Self:
        self._process.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.join()
        self._arrivals.close()

    def arrivals(self) -> Iterator[Arrival | None]:
        """Yield events as they come, and None in a pause; ends when the stream has ended.

        Raises RuntimeError when the reader failed, also when events came faster than they are
        taken here.
        """
        while True:
            try:
                yield self._arrivals.get(timeout=POLL_S)
            except queue.Empty:
                if not self._process.is_alive():
                    if self._process.exitcode:
                        raise RuntimeError("the reader failed; its words are above") from None
                    return
                yield None


def _read(port: int, path: str, arrivals: Queue[Arrival]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = HTTPConnection("127.0.0.1", port, timeout=READ_TIMEOUT_S)
    connection.request("GET", path)
    response = connection.getresponse()
    if response.status != 200:
        raise RuntimeError(f"{response.status}: {response.read().decode()}")
    pending = b""
    while piece := response.read1(PIECE_BYTES):
        at_ns, at_s = time.monotonic_ns(), time.time()
        *events, pending = (pending + piece).split(EVENT_END)
        for event in events:
            arrivals.put_nowait(Arrival(at_ns, at_s, event))
