"""Sockets that the server passes to a worker process, each with a number."""

from __future__ import annotations

import socket
from contextlib import suppress

from streamlab.processes.message_socket import MessageSocket, share_of

MAX_MESSAGE_BYTES = 4096
_TIMEOUT_S = 2.0


class SocketSender:
    """The server's end."""

    def __init__(self, end: socket.socket) -> None:
        self._messages = MessageSocket(end, MAX_MESSAGE_BYTES)

    def send(self, number: int, passed: socket.socket, pid: int) -> None:
        """Pass a socket to process ``pid``; the caller closes it. Raises OSError."""
        message = number.to_bytes(8, "big") + share_of(passed, pid)
        descriptors = [] if message[8:] else [passed.fileno()]
        self._messages.send(message, descriptors, timeout_s=_TIMEOUT_S)

    def close(self) -> None:
        """Close this end."""
        self._messages.close()


class SocketReceiver:
    """The worker's end."""

    def __init__(self, end: socket.socket) -> None:
        self._messages = MessageSocket(end, MAX_MESSAGE_BYTES)
        self._received: dict[int, socket.socket] = {}

    def take(self, number: int) -> socket.socket:
        """Return the socket with this number, which has been sent, or a closed connection."""
        with suppress(OSError, EOFError, ValueError):
            while number and number not in self._received:
                message = self._messages.receive(_TIMEOUT_S)
                passed = self._messages.take_socket(message[8:])
                self._received[int.from_bytes(message[:8], "big")] = passed
        return self._received.pop(number, None) or _closed()


def _closed() -> socket.socket:
    end, other = socket.socketpair()
    other.close()
    return end
