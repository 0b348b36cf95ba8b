"""Serves one detector to many clients: takes their requests in turn, and forms batches of them.

- A connection has at most one request; the one whose last turn is longest ago goes first.
- A client that breaks the rules, or does not take its answers, harms only itself.
"""

from __future__ import annotations

import logging
import selectors
import socket
import threading
from collections import Counter, deque
from contextlib import suppress

from streamlab.detect.detector import Detector
from streamlab.detect.remote.batches import BatchRunner
from streamlab.detect.remote.connection import ClientConnection
from streamlab.detect.remote.messages import Answer
from streamlab.media.limits import MAX_PIXELS
from streamlab.media.picture import Picture
from streamlab.processes.message_socket import MessageError

log = logging.getLogger(__name__)
MAX_CONNECTIONS = 256
MAX_BATCH = 4
_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


class DetectorServer:
    """Serves a detector in the thread that calls ``run``; any thread may ``add`` or ``stop``.

    ``counts`` counts ``connections``, ``connections_refused`` (beyond ``MAX_CONNECTIONS``) and
    ``connections_broken`` (of clients that broke the rules).
    """

    def __init__(
        self, detector: Detector, *, max_batch: int = MAX_BATCH, max_pixels: int = MAX_PIXELS
    ) -> None:
        """Prepare.

        Args:
            detector: not closed with the server.
            max_batch: pictures in one call of the detector.
            max_pixels: of a picture; clients with larger ones are disconnected.
        """
        self.counts: Counter[str] = Counter()
        self.batches = BatchRunner(detector, max_batch)
        self._name = detector.name
        self._limits = max_pixels, max_batch
        self._turn = 0
        self._stopping = False
        self._clients: set[ClientConnection] = set()
        self._new: deque[socket.socket] = deque()
        self._lock = threading.Lock()  # guards _stopping, _new and _wake
        self._selector = selectors.DefaultSelector()
        self._woken, self._wake = socket.socketpair()
        for end in (self._woken, self._wake):
            end.setblocking(False)
        self._selector.register(self._woken, _READ)

    def add(self, end: socket.socket) -> None:
        """Serve one more client, over a connected socket, which is closed with the server."""
        with self._lock:
            if self._stopping or len(self._new) >= MAX_CONNECTIONS:
                self.counts["connections_refused"] += 1
                end.close()
                return
            self._new.append(end)
            self._notify()

    def stop(self) -> None:
        """End ``run`` after the current batch. Returns at once."""
        with self._lock:
            if not self._stopping:
                self._stopping = True
                self._notify()

    def run(self) -> None:
        """Answer requests until stopped, then close all connections."""
        try:
            while not self._stopping:
                self._receive(None)
                while not self._stopping and self._run_batch():
                    self._receive(0)
        finally:
            self._close()

    # -- batches --------------------------------------------------------------------------

    def _run_batch(self) -> bool:
        """Answer the requests whose turn it is; return False if there are none."""
        batch = self._next_batch()
        self._turn += 1
        for client in batch:
            client.last_turn = self._turn
        answers = self.batches.run(list(batch.values()))
        for client, answer in zip(batch, answers, strict=True):
            self._answer(client, answer)
        return bool(batch)

    def _next_batch(self) -> dict[ClientConnection, list[Picture]]:
        batch: dict[ClientConnection, list[Picture]] = {}
        waiting = [client for client in self._clients if client.request is not None]
        room = self.batches.max_batch
        for client in sorted(waiting, key=lambda each: each.last_turn):
            if batch and client.waiting_pictures > room:
                continue
            try:
                batch[client] = client.pictures()
            except MessageError as error:
                self._drop(client, error)
                continue
            room -= client.waiting_pictures
            if room <= 0:
                break
        return batch

    def _answer(self, client: ClientConnection, answer: Answer) -> None:
        try:
            client.answer(answer)
            self._watch(client)
        except OSError as error:
            self._drop(client, error)

    # -- connections ----------------------------------------------------------------------

    def _receive(self, timeout_s: float | None) -> None:
        """Wait for clients, read their requests and send what is left of their answers."""
        for key, events in self._selector.select(timeout_s):
            if key.fileobj is self._woken:
                self._accept()
            else:
                self._process(key.data, events)

    def _process(self, client: ClientConnection, events: int) -> None:
        try:
            if events & _WRITE:
                client.flush()
            elif client.may_receive:
                client.receive()
                return
            self._watch(client)  # or it asks before it has its answer
        except (MessageError, EOFError, OSError) as error:
            self._drop(client, error)

    def _accept(self) -> None:
        with self._lock, suppress(BlockingIOError):
            self._woken.recv(4096)
        while self._new:
            end = self._new.popleft()
            if len(self._clients) >= MAX_CONNECTIONS:
                self.counts["connections_refused"] += 1
                end.close()
                continue
            max_pixels, max_batch = self._limits
            client = ClientConnection(end, max_pixels=max_pixels, max_batch=max_batch)
            self._clients.add(client)
            self._selector.register(client, _READ, client)
            self.counts["connections"] += 1

    def _watch(self, client: ClientConnection) -> None:
        """Wait for what the client may do next: ask, take its answer, or nothing."""
        wanted = _READ if client.may_receive else _WRITE if client.has_unsent else 0
        watched = self._selector.get_map().get(client)
        if watched is not None and watched.events == wanted:
            return
        if watched is not None:
            self._selector.unregister(client)
        if wanted:
            self._selector.register(client, wanted, client)

    def _drop(self, client: ClientConnection, error: Exception) -> None:
        if isinstance(error, MessageError):
            self.counts["connections_broken"] += 1
            log.warning("detector %s: a client is disconnected: %s", self._name, error)
        with suppress(KeyError):
            self._selector.unregister(client)
        self._clients.discard(client)
        client.close()

    def _notify(self) -> None:
        with suppress(OSError):  # it has been woken already, or has ended
            self._wake.send(b"\0")

    def _close(self) -> None:
        with self._lock:
            self._stopping = True
            for end in (*self._new, self._woken, self._wake):
                end.close()
            self._new.clear()
        for client in self._clients:
            client.close()
        self._clients.clear()
        self._selector.close()
