"""Messages over a connected stream socket, in an event loop: bounded, in order, whole.

Each message is preceded by its length in bytes, as 4 bytes, big-endian.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from collections.abc import Awaitable, Callable
from typing import cast

MAX_MESSAGE_BYTES = 64 << 20
"""A longer one is an error of the other end, which is disconnected. The keyframes of all channels
of a camera are far smaller."""
_LENGTH = struct.Struct(">I")


class MessageStream(asyncio.Protocol):
    """One end of a connection. Its methods are called in the event loop that it was made in."""

    def __init__(
        self, receive: Callable[[bytes], None], receive_end: Callable[[], None] = lambda: None
    ) -> None:
        """Use ``connect`` instead.

        Args:
            receive: called with each message.
            receive_end: called once, when the other end has closed or has broken the rules.
        """
        self._receive = receive
        self._receive_end = receive_end
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._end: socket.socket | None = None

    @classmethod
    async def connect(
        cls,
        end: socket.socket,
        receive: Callable[[bytes], None],
        receive_end: Callable[[], None] = lambda: None,
    ) -> MessageStream:
        """Exchange messages over a connected socket, which is closed with the stream."""
        loop = asyncio.get_running_loop()
        create: Callable[..., Awaitable[tuple[asyncio.BaseTransport, MessageStream]]]
        create = loop.create_connection
        if hasattr(socket, "AF_UNIX") and hasattr(loop, "create_unix_connection"):
            create = loop.create_unix_connection
        _, stream = await create(lambda: cls(receive, receive_end), sock=end)
        stream._end = end
        return stream

    @property
    def unsent_bytes(self) -> int:
        """What the other end has not taken yet, without what the system holds."""
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    def send(self, message: bytes) -> None:
        """Send a message, unless the stream has ended. The caller bounds ``unsent_bytes``."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.writelines((_LENGTH.pack(len(message)), message))

    def send_socket(self, message: bytes, passed: socket.socket) -> None:
        """Send a message, and with it a socket (``MessageSocket.take_socket`` of the other end).

        The caller closes the socket. Raises BlockingIOError if the other end does not read.
        """
        if self._transport is None or self._end is None or self._transport.is_closing():
            return
        data = _LENGTH.pack(len(message)) + message
        if sys.platform != "win32":
            if self.unsent_bytes:
                raise BlockingIOError
            data = data[socket.send_fds(self._end, [data], [passed.fileno()]) :]
        self._transport.write(data)

    def close(self) -> None:
        """End the stream, after what was sent."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """End the stream at once; unsent messages are lost."""
        if self._transport is not None:
            self._transport.abort()

    # -- called by asyncio ----------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start; called by asyncio."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by class

    def data_received(self, data: bytes) -> None:
        """Take bytes; called by asyncio."""
        self._buffer += data
        while len(self._buffer) >= _LENGTH.size:
            (size,) = _LENGTH.unpack_from(self._buffer)
            if size > MAX_MESSAGE_BYTES:
                self.abort()
                return
            end = _LENGTH.size + size
            if len(self._buffer) < end:
                return
            message = bytes(memoryview(self._buffer)[_LENGTH.size : end])
            del self._buffer[:end]
            self._receive(message)

    def connection_lost(self, _: Exception | None) -> None:
        """End; called by asyncio."""
        self._buffer.clear()
        self._receive_end()
