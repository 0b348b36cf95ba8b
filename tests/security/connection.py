"""One connection of the server's protocol on virtual time, to an app that a test chooses."""

from __future__ import annotations

import asyncio
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from streamlab.server.transport import LineProtocol


class FakeTransport(asyncio.Transport):
    """Keeps what is written; `unread` bytes of it are never taken by the client."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)})
        self.written = b""
        self.unread = 0
        self.closed = False

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def get_write_buffer_size(self) -> int:
        return self.unread

    def is_closing(self) -> bool:
        return self.closed

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True

    abort = close

    def pause_reading(self) -> None:
        pass

    resume_reading = pause_reading


class Connection:
    """A client's end of a connection."""

    def __init__(self, app: ASGIApp, protocol: type[LineProtocol] = LineProtocol) -> None:
        self.transport = FakeTransport()
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
        config.load()
        self.protocol = protocol(config, ServerState(), {})
        self.protocol.connection_made(self.transport)

    async def send(self, data: bytes) -> None:
        """Send something, and let the server work on it."""
        if not self.is_closed():
            self.protocol.data_received(data)
        for _ in range(20):
            await asyncio.sleep(0)

    def is_closed(self) -> bool:
        return self.transport.closed

    @property
    def statuses(self) -> list[int]:
        parts = self.transport.written.split(b"HTTP/1.1 ")[1:]
        return [int(part[:3]) for part in parts]
