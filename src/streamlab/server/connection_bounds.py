"""uvicorn's HTTP/1.1 protocol, with bounds on what a client may take before a response begins.

uvicorn itself keeps a connection that sends nothing, a head of any size, and any number of
pipelined requests. Rules:

- the head of a request must be complete ``HEAD_S`` after the connection or its first byte, its
  body ``BODY_S`` after the head; otherwise 408. What is left of a body after the response is read
  for ``REST_S``, and dropped, because closing at once could destroy the response on its way;
- a head has at most ``MAX_HEAD_BYTES``, also counting bytes that look like none: the extensions
  of chunks and trailers. Trailers are dropped;
- a connection that owes the server a request, or a part of one, is waiting. Of those that wait the
  longest is cut when there are too many, so that they never keep others out;
- a client that reads nothing of a finished response for ``UNREAD_S`` is cut.

What a request may carry is bounded in ``bodies``, and how many there are in ``in_flight``.
"""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

HEAD_S = 10.0
BODY_S = 30.0
REST_S = 2.0
UNREAD_S = 30.0
MAX_HEAD_BYTES = 65_536
CHUNK_BYTES = 32  # that the frame of a chunk may have
MAX_PIPELINED = 16


class Waiting:
    """The connections of a server that wait for a request; at most ``limit``."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._connections: dict[BoundedProtocol, None] = {}  # the one that waits longest first

    def __len__(self) -> int:
        return len(self._connections)

    def add(self, connection: BoundedProtocol) -> None:
        """Add a connection, or put it last; cut the first if there are too many."""
        self._connections.pop(connection, None)
        self._connections[connection] = None
        if len(self._connections) > self._limit:
            first = next(iter(self._connections))
            self.discard(first)
            first.cut()

    def discard(self, connection: BoundedProtocol) -> None:
        """Remove a connection if it is there."""
        self._connections.pop(connection, None)


class RefusedError(Exception):
    """The request being parsed is refused; its arguments are a status and the reason."""


class BoundedProtocol(HttpToolsProtocol):
    """Handles one connection; cuts it, or refuses a request, when it exceeds a bound."""

    waiting = Waiting(1_000_000)

    @property
    def is_streaming(self) -> bool:
        """True while a response drops a client that does not read by itself."""
        return False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._due: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._is_receiving = False  # a message has begun and is not complete
        self._has_head = False
        self._is_refused = False
        self._head_bytes = self._extra_bytes = 0
        self._objection: RefusedError | None = None
        self._expect(HEAD_S)
        self.waiting.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all timers."""
        self._stop_timers()
        super().connection_lost(exc)

    def cut(self) -> None:
        """Close the connection without a word."""
        self._stop_waiting()
        self.transport.abort()

    # -- what arrives

    def data_received(self, data: bytes) -> None:
        """Parse what has arrived, and refuse the request if its head is too long."""
        if self._is_refused:
            return
        if self._due is None and not self._is_answering:
            self._expect(HEAD_S)
        self._extra_bytes += len(data)
        super().data_received(data)
        if self._extra_bytes > MAX_HEAD_BYTES and self._is_receiving and not self._is_refused:
            self._refuse(431, "the head of the request is too long")

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._is_receiving, self._has_head, self._head_bytes = True, False, 0

    def on_url(self, url: bytes) -> None:
        """Count a part of the URL."""
        super().on_url(url)
        self._count_head(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header; drop it if it is a trailer, which comes when the request is running."""
        if not self._has_head:
            super().on_header(name, value)
        self._count_head(len(name) + len(value) + 4)

    def on_headers_complete(self) -> None:
        """Start the request, unless too many wait for their turn already."""
        if len(self.pipeline) >= MAX_PIPELINED:
            self._object(400, "too many requests wait for the response to an earlier one")
        self._has_head = True
        super().on_headers_complete()
        if not self.pipeline:
            self._expect(BODY_S)

    def on_chunk_header(self) -> None:
        """Allow for the frame of a chunk, which is not part of the body."""
        self._extra_bytes = max(0, self._extra_bytes - CHUNK_BYTES)

    def on_body(self, body: bytes) -> None:
        """Allow for a part of the body; others bound it."""
        self._extra_bytes = max(0, self._extra_bytes - len(body))
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Stop waiting: the whole request has arrived."""
        self._is_receiving, self._extra_bytes = False, 0
        self._stop_waiting()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection to the websocket protocol, which has bounds of its own."""
        self._stop_timers()
        super().handle_websocket_upgrade()

    # -- what is sent

    def on_response_complete(self) -> None:
        """Wait for the next request, or for the rest of this one."""
        super().on_response_complete()
        if self.transport.get_write_buffer_size():
            self._cut_if_unread()
        if self.transport.is_closing() or self._is_answering:
            return
        self.waiting.add(self)
        if self._is_receiving:
            self._expect(REST_S if self._has_head else HEAD_S)

    def pause_writing(self) -> None:
        """Cut a client that does not read."""
        super().pause_writing()
        self._cut_if_unread()

    def resume_writing(self) -> None:
        """Let a client go on that has read."""
        super().resume_writing()
        self._stop_unread()

    def send_400_response(self, msg: str) -> None:
        """Refuse a request that cannot be parsed, or whose parsing was stopped by an objection."""
        status, reason = self._objection.args if self._objection is not None else (400, msg)
        self._refuse(status, reason)

    # -- what is done about it

    @property
    def _is_answering(self) -> bool:
        return bool(self.pipeline) or (self.cycle is not None and not self.cycle.response_complete)

    def _count_head(self, count: int) -> None:
        self._head_bytes += count
        if self._head_bytes > MAX_HEAD_BYTES:
            self._object(431, "the head of the request is too long")

    def _object(self, status: int, reason: str) -> None:
        self._objection = RefusedError(status, reason)
        raise self._objection

    def _expect(self, seconds: float) -> None:
        """Expect what comes next of a request within ``seconds``."""
        self._stop_expecting()
        self._due = self.loop.call_later(seconds, self._on_late)

    def _on_late(self) -> None:
        self._due = None
        is_answered = self._has_head and self.cycle.response_complete
        if not self._is_receiving or is_answered:
            self.transport.close()
        else:
            self._refuse(408, "the request did not arrive in time")

    def _refuse(self, status: int, reason: str) -> None:
        """Answer for the application, unless that would cut into a response, and close."""
        self._is_refused = True
        begun = self.cycle is not None and self.cycle.response_started
        if self.pipeline or (begun and not self.cycle.response_complete):
            self.cut()
            return
        if self.cycle is not None:
            self.cycle.disconnected = True  # so that the application stops, without an answer
            self.cycle.message_event.set()
        self.transport.write(_problem(status, reason))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._stop_expecting()
        self.loop.call_later(REST_S, self.transport.abort)

    def _cut_if_unread(self) -> None:
        self._stop_unread()
        self._unread = self.loop.call_later(UNREAD_S, self._on_unread)

    def _on_unread(self) -> None:
        self._unread = None
        if self.transport.get_write_buffer_size() and not self.is_streaming:
            self.transport.abort()

    def _stop_expecting(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _stop_waiting(self) -> None:
        self._stop_expecting()
        self.waiting.discard(self)

    def _stop_unread(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _stop_timers(self) -> None:
        self._stop_waiting()
        self._stop_unread()


def _problem(status: int, reason: str) -> bytes:
    """Return a whole response with a problem document."""
    title = HTTPStatus(status).phrase
    slug = title.lower().replace(" ", "-")
    document = {"type": f"urn:streamlab:problem:{slug}", "title": title, "status": status}
    body = json.dumps(document | {"detail": reason}).encode()
    head = (
        f"content-type: application/problem+json\r\ncontent-length: {len(body)}\r\n"
        "connection: close\r\n\r\n"
    )
    return STATUS_LINE[status] + head.encode() + body
