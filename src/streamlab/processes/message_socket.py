"""Messages over a connected stream socket, without an event loop: bounded, in order, whole.

The framing is that of ``processes.message_stream``. Sockets and descriptors can come along
(SCM_RIGHTS). On Windows a socket is passed as bytes in the message (``share_of``), and descriptors
cannot be passed.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

MAX_DESCRIPTORS = 4
"""Received and not taken; with more, the other end has broken the rules."""
_CHUNK_BYTES = 1 << 16
_LENGTH = struct.Struct(">I")
_CLOSE_ON_EXEC = int(getattr(socket, "MSG_CMSG_CLOEXEC", 0))

if sys.platform != "win32":
    _PASSED_BYTES = socket.CMSG_LEN(4 * MAX_DESCRIPTORS)


class MessageError(ValueError):
    """The other end has broken the rules: a message is too long, or comes without its socket."""


def frame(message: bytes) -> bytes:
    """Return a message with its length before it."""
    return _LENGTH.pack(len(message)) + message


def share_of(passed: socket.socket, pid: int) -> bytes:
    """Return what process ``pid`` needs in the message to open a socket; '' if it comes along."""
    share = b""
    if sys.platform == "win32":
        share = passed.share(pid)
    return share


class MessageSocket:
    """One end of a connection, used by one thread at a time; any thread may ``interrupt`` it."""

    def __init__(self, end: socket.socket, max_bytes: int) -> None:
        """Use a connected socket, which is closed with this.

        Args:
            end: the socket.
            max_bytes: of a message that is received.
        """
        self._end = end
        self._max_bytes = max_bytes
        self._buffer = bytearray()
        self._descriptors: deque[int] = deque()

    def fileno(self) -> int:
        """Return the socket's descriptor, for ``selectors``."""
        return self._end.fileno()

    def send(
        self, message: bytes, descriptors: Sequence[int] = (), *, timeout_s: float | None = None
    ) -> None:
        """Send a message. Raises OSError; after a TimeoutError, part of it may have been sent."""
        self._end.settimeout(timeout_s)
        data = frame(message)
        if descriptors and sys.platform != "win32":
            sent = socket.send_fds(self._end, [data], list(descriptors))
            data = data[sent:]
        elif descriptors:
            raise OSError("descriptors cannot be passed on Windows")
        if data:
            self._end.sendall(data)

    def send_some(self, data: bytes | memoryview) -> int:
        """Send as much of framed messages as the system takes now; return how many bytes."""
        self._end.settimeout(0)
        try:
            return self._end.send(data)
        except BlockingIOError:
            return 0

    def receive(self, timeout_s: float | None = None) -> bytes:
        """Wait for the next message.

        Raises:
            TimeoutError: none was complete within ``timeout_s``; None: wait without a bound.
            EOFError: the other end has closed the connection, or ``interrupt`` was called.
            MessageError: see there.
        """
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while (message := self._next()) is None:
            left = None if until is None else max(0.0, until - time.monotonic())
            self._end.settimeout(left)
            try:
                self._fill()
            except BlockingIOError:  # what a timeout of 0 raises
                raise TimeoutError from None
        return message

    def receive_ready(self) -> bytes | None:
        """Read what has arrived, once; return a message if one is complete, else None.

        Raises EOFError, OSError and MessageError.
        """
        message = self._next()
        if message is None:
            self._end.settimeout(0)
            with suppress(BlockingIOError):
                self._fill()
            message = self._next()
        return message

    def take_descriptor(self) -> int:
        """Return the descriptor that came with a message. Raises MessageError if none did."""
        if not self._descriptors:
            raise MessageError("a message came without its descriptor")
        return self._descriptors.popleft()

    def take_socket(self, share: bytes) -> socket.socket:
        """Return the socket that came with a message. Raises MessageError if none did.

        ``share`` is what ``share_of`` returned to the sender.
        """
        if sys.platform == "win32":
            taken = socket.fromshare(share)
        else:
            taken = socket.socket(fileno=self.take_descriptor())
        return taken

    def interrupt(self) -> None:
        """End the connection, and with EOFError a ``receive`` that waits in another thread."""
        with suppress(OSError):  # the other end was faster
            self._end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the socket, and descriptors that were not taken."""
        self._end.close()
        while self._descriptors:
            os.close(self._descriptors.popleft())

    def _next(self) -> bytes | None:
        if len(self._buffer) < _LENGTH.size:
            return None
        (size,) = _LENGTH.unpack_from(self._buffer)
        if size > self._max_bytes:
            raise MessageError(f"a message has {size} bytes, more than {self._max_bytes}")
        end = _LENGTH.size + size
        if len(self._buffer) < end:
            return None
        message = bytes(memoryview(self._buffer)[_LENGTH.size : end])
        del self._buffer[:end]
        return message

    def _fill(self) -> None:
        if sys.platform != "win32":
            # Not socket.recv_fds, which ignores its flags (CPython 3.11).
            data, passed, _, _ = self._end.recvmsg(_CHUNK_BYTES, _PASSED_BYTES, _CLOSE_ON_EXEC)
            for level, kind, descriptors in passed:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    self._descriptors += struct.unpack(f"{len(descriptors) // 4}i", descriptors)
            if len(self._descriptors) > MAX_DESCRIPTORS:
                raise MessageError("descriptors came that no message takes")
        else:
            data = self._end.recv(_CHUNK_BYTES)
        if not data:
            raise EOFError
        self._buffer += data
