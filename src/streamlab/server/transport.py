"""uvicorn's HTTP/1.1 protocol, with direct access to the transport for responses that stream.

ASGI costs a stream two context switches and a copy per event and client, and offers no way to
drop a client that does not read. A response that finds a ``Line`` in its scope writes the chunks
of its body directly, between the start and the end that it sends as usual.

What uvicorn lacks is added: bodies without chunks for HTTP/1.0, and a problem document for a
request that is not HTTP.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Protocol, cast

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from streamlab.server.connection_bounds import BoundedProtocol, Waiting
from streamlab.viewers.fan_out import Frame, unframed

EXTENSION = "streamlab.line"
LINGER_0 = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


class Sink(Protocol):
    """Callbacks from a line to the response that uses it."""

    def pause(self) -> None:
        """Stop writing: the client accepts less than is written."""
        ...

    def resume(self) -> None:
        """Resume writing: most of what was written is on its way."""
        ...

    def lose(self) -> None:
        """Stop writing: the client has disconnected."""
        ...


class Line:
    """Writes to the transport of one client, and reports its state to the sink."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self.paused = False
        self.chunked = True
        """False for a body that ends with the connection (HTTP/1.0)."""
        self.sink: Sink | None = None
        self._transport = transport

    @property
    def closed(self) -> bool:
        """True if the connection is closed or closing."""
        return self._transport.is_closing()

    @property
    def unsent_bytes(self) -> int:
        """Bytes that the kernel has not accepted yet."""
        return self._transport.get_write_buffer_size()

    @property
    def send(self) -> Callable[[bytes], None]:
        """Write what ``frame`` has returned."""
        return self._transport.write

    @property
    def frame(self) -> Frame:
        """What a part of the body must go through before ``send``."""
        return chunk if self.chunked else unframed

    def write(self, body: bytes) -> None:
        """Write a part of the response body."""
        self.send(self.frame(body))

    def pause(self) -> None:
        """Pause: the transport is full."""
        self.paused = True
        if self.sink is not None:
            self.sink.pause()

    def resume(self) -> None:
        """Resume: the transport has room again."""
        self.paused = False
        if self.sink is not None:
            self.sink.resume()

    def lose(self) -> None:
        """Notify the sink that the client has disconnected."""
        if self.sink is not None:
            self.sink.lose()

    def abort(self) -> None:
        """Reset the connection: otherwise the kernel would keep the unsent data."""
        connection = self._transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_0)
        self._transport.abort()


@lru_cache(maxsize=16)  # the same body is written to many clients in a row
def chunk(body: bytes) -> bytes:
    """Return a part of a body as a chunk (RFC 9112, 7.1)."""
    return b"%x\r\n%b\r\n" % (len(body), body)


def line_of(scope: Scope) -> Line | None:
    """Return the line of a request for its response; None if another server runs the app."""
    line = cast("Line | None", scope.get("extensions", {}).get(EXTENSION))
    if line is not None:
        line.chunked = not is_old(scope)
    return line


def is_old(scope: Any) -> bool:
    """Return True for a client that knows no chunks: one of HTTP/1.0 or older."""
    return scope["http_version"] in ("0.9", "1.0")


def _without_chunks(cycle: RequestResponseCycle) -> Any:
    """Return a ``send`` that ends a body of unknown length with the connection.

    uvicorn would chunk it, whatever the version of the request is.
    """
    send = cycle.send
    cycle.keep_alive = False
    ends_with_connection = False

    async def send_without_chunks(message: Any) -> None:
        nonlocal ends_with_connection
        if message["type"] == "http.response.start":
            names = [name.lower() for name, _ in message["headers"]]
            if b"content-length" not in names:
                ends_with_connection = True
                cycle.chunked_encoding = False
        elif ends_with_connection:
            cycle.expected_content_length = len(message.get("body", b""))
        await send(message)

    return send_without_chunks


class LineProtocol(BoundedProtocol):
    """Handles one connection: adds its line to each request, and passes transport events to it."""

    @classmethod
    def with_at_most(cls, max_waiting: int) -> type[LineProtocol]:
        """Return a protocol for one server, of whose connections so many may wait for a request."""

        class OfOneServer(cls):  # type: ignore[valid-type, misc]
            waiting = Waiting(max_waiting)

        return OfOneServer

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Create the line of the connection."""
        super().connection_made(transport)
        self._line = Line(transport)

    def on_message_begin(self) -> None:
        """Add the line to the scope of a new request."""
        super().on_message_begin()
        scope = cast("dict[str, Any]", self.scope)
        scope["extensions"] = {EXTENSION: self._line}

    def on_headers_complete(self) -> None:
        """Start the request; one of HTTP/1.0 gets a body without chunks."""
        super().on_headers_complete()
        if self.cycle is not None and self.cycle.scope is self.scope and is_old(self.scope):
            self.cycle.send = _without_chunks(self.cycle)  # type: ignore[method-assign]

    @property
    def is_streaming(self) -> bool:
        """True while a response writes to the line; it drops a client that does not read."""
        return self._line.sink is not None

    def pause_writing(self) -> None:
        """Pause the line: the transport is full."""
        super().pause_writing()
        self._line.pause()

    def resume_writing(self) -> None:
        """Resume the line: the transport has room again."""
        super().resume_writing()
        self._line.resume()

    def connection_lost(self, exc: Exception | None) -> None:
        """Notify the line that the client has disconnected."""
        super().connection_lost(exc)
        self._line.lose()
