"""Gives clients of a detector, in any process, a connection to it whenever they ask for one."""

from __future__ import annotations

import socket
from collections.abc import Callable

from streamlab.detect.remote.messages import (
    CONNECTION_REQUEST,
    ConnectionReply,
    clipped,
    decode,
    encode,
)
from streamlab.errors import LimitError
from streamlab.processes.message_socket import MessageError, share_of
from streamlab.processes.message_stream import MessageStream

MAX_CLIENTS = 256


class ConnectionProvider:
    """Keeps a control connection to each client, over which it passes those to the detector.

    A client asks when it has none: at first, and when the detector was restarted. So it never has
    to be told anything that it does not wait for.
    """

    def __init__(self, connect: Callable[[socket.socket], str]) -> None:
        """Provide connections.

        Args:
            connect: hands one end of a new connection to the detector, and returns ''; or returns
                the reason, a sentence, why the detector cannot be reached now. The socket is
                closed afterwards.
        """
        self._connect = connect
        self._clients: set[MessageStream] = set()

    def __len__(self) -> int:
        """Return the number of clients that have not ended."""
        return len(self._clients)

    async def add(self) -> socket.socket:
        """Return a new client's control connection. Raises LimitError beyond ``MAX_CLIENTS``."""
        if len(self._clients) >= MAX_CLIENTS:
            raise LimitError(f"a detector serves at most {MAX_CLIENTS} processes")
        near, far = socket.socketpair()
        stream: MessageStream | None = None

        def receive(message: bytes) -> None:
            assert stream is not None
            self._reply(stream, message)

        def receive_end() -> None:
            if stream is not None:
                self._clients.discard(stream)

        try:
            stream = await MessageStream.connect(near, receive, receive_end)
        except BaseException:
            near.close()
            far.close()
            raise
        self._clients.add(stream)
        return far

    def close(self) -> None:
        """End the control connections: clients learn that the detector has been stopped."""
        for stream in list(self._clients):
            stream.abort()

    def _reply(self, client: MessageStream, message: bytes) -> None:
        try:
            pid = decode(CONNECTION_REQUEST, message).pid
        except MessageError:
            client.abort()
            return
        near, far = socket.socketpair()
        with near, far:
            refusal = self._connect(near)
            if refusal:
                client.send(encode(ConnectionReply(clipped(refusal))))
                return
            try:
                client.send_socket(encode(ConnectionReply(share=share_of(far, pid))), far)
            except OSError:  # it does not read what it asked for
                client.abort()
