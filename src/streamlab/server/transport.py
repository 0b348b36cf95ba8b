"""uvicorn's HTTP/1.1 protocol, with a way to the transport for responses that stream.

ASGI costs a stream two context switches and a copy per event and client, and offers no way to
drop a client that does not read. A response that finds a ``Line`` in its scope writes chunks of
its body by itself, between the start and the end that it sends as usual.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from functools import lru_cache
from typing import Any, Protocol, cast

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

EXTENSION = "streamlab.line"
LINGER_0 = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


class Sink(Protocol):
    """What a line tells the response that uses it."""

    def pause(self) -> None:
        """More is written than the client takes: write no more."""
        ...

    def resume(self) -> None:
        """Most of what was written is on its way."""
        ...

    def lose(self) -> None:
        """The client is gone."""
        ...


class Line:
    """The way to one client."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self.paused = False
        self.sink: Sink | None = None
        self._transport = transport

    @property
    def closed(self) -> bool:
        """Whether the client is gone, or soon will be."""
        return self._transport.is_closing()

    @property
    def unsent_bytes(self) -> int:
        """What the kernel has not taken yet."""
        return self._transport.get_write_buffer_size()

    def write(self, body: bytes) -> None:
        """Write a part of the response's body."""
        self._transport.write(_chunk(body))

    def pause(self) -> None:
        """Take the transport's word that it is full."""
        self.paused = True
        if self.sink is not None:
            self.sink.pause()

    def resume(self) -> None:
        """Take its word that there is room again."""
        self.paused = False
        if self.sink is not None:
            self.sink.resume()

    def lose(self) -> None:
        """Take its word that the client is gone."""
        if self.sink is not None:
            self.sink.lose()

    def abort(self) -> None:
        """Drop the client by a reset: otherwise the kernel would keep what is unsent."""
        connection = self._transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_0)
        self._transport.abort()


@lru_cache(maxsize=16)  # what is written is written to many clients in a row
def _chunk(body: bytes) -> bytes:
    """Return it as a chunk (RFC 9112, 7.1)."""
    return b"%x\r\n%b\r\n" % (len(body), body)


def line_of(scope: Scope) -> Line | None:
    """Return the line of a request; None when another server runs the app."""
    return cast("Line | None", scope.get("extensions", {}).get(EXTENSION))


class LineProtocol(HttpToolsProtocol):
    """The protocol of one connection: passes its line to each request, and its news to the line."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin."""
        super().connection_made(transport)
        self._line = Line(transport)

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        scope = cast("dict[str, Any]", self.scope)
        scope["extensions"] = {EXTENSION: self._line}

    def pause_writing(self) -> None:
        """Stop writing: the transport is full."""
        super().pause_writing()
        self._line.pause()

    def resume_writing(self) -> None:
        """Go on writing."""
        super().resume_writing()
        self._line.resume()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        super().connection_lost(exc)
        self._line.lose()
