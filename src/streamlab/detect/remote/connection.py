"""The detector's end of the connection of one client: bounded, and validated before use."""

from __future__ import annotations

import socket

import msgspec

from streamlab.detect.remote.memory import PeerMemory
from streamlab.detect.remote.messages import (
    MAX_ANSWER_BYTES,
    MAX_REQUEST_BYTES,
    REQUEST,
    Answer,
    Memory,
    Request,
    decode,
    encode,
)
from streamlab.detect.remote.placing import bytes_needed, read
from streamlab.media.picture import Picture
from streamlab.processes.message_socket import MessageError, MessageSocket, frame


class ClientConnection:
    """One client. It has one request at a time; further ones wait in its socket.

    Its methods raise MessageError if the client has broken the rules, and EOFError or OSError if
    it has gone; ``close`` it then.
    """

    def __init__(self, end: socket.socket, *, max_pixels: int, max_batch: int) -> None:
        """Serve a connected socket, which is closed with this.

        Args:
            end: the socket.
            max_pixels: of a picture.
            max_batch: pictures for which a client may share memory.
        """
        self.last_turn = 0
        """The batch in which it had its last turn; 0: none yet."""
        self.request: Request | None = None
        """What it waits for."""
        self._messages = MessageSocket(end, MAX_REQUEST_BYTES)
        self._memory: PeerMemory | None = None
        self._max_pixels = max_pixels
        self._max_memory = bytes_needed(max_pixels, max_batch)
        self._unsent = memoryview(b"")

    def fileno(self) -> int:
        """Return the socket's descriptor, for ``selectors``."""
        return self._messages.fileno()

    @property
    def may_receive(self) -> bool:
        """True if the client may ask: it waits for nothing."""
        return self.request is None and not self._unsent

    @property
    def has_unsent(self) -> bool:
        """True if the client has not taken all of its answer."""
        return bool(self._unsent)

    @property
    def waiting_pictures(self) -> int:
        """Pictures of its request."""
        return 0 if self.request is None else len(self.request.pictures)

    def receive(self) -> None:
        """Read what has arrived; ``request`` is set once it is complete and valid."""
        message = self._messages.receive_ready()
        if message is None:
            return
        request = decode(REQUEST, message)
        if request.memory is not None:
            self._open(request.memory)
        self.request = request

    def pictures(self) -> list[Picture]:
        """Return the pictures of the request, valid until it is answered."""
        if self.request is None or self._memory is None:
            raise MessageError("a request came before its memory")
        pixels = self._memory.pixels
        return [read(placed, pixels, self._max_pixels) for placed in self.request.pictures]

    def answer(self, answer: Answer) -> None:
        """Answer the request, without waiting for the client: ``flush`` sends the rest later."""
        assert self.request is not None
        number, self.request = self.request.number, None
        message = encode(msgspec.structs.replace(answer, number=number))
        if len(message) > MAX_ANSWER_BYTES:
            message = encode(Answer(number, error="The detections of a batch are too large."))
        self._unsent = memoryview(frame(message))
        self.flush()

    def flush(self) -> None:
        """Send as much of the answer as the client takes now."""
        self._unsent = self._unsent[self._messages.send_some(self._unsent) :]

    def close(self) -> None:
        """End the connection and release its memory."""
        self._messages.close()
        if self._memory is not None:
            self._memory.close()
            self._memory = None

    def _open(self, offered: Memory) -> None:
        if not 0 < offered.size <= self._max_memory:
            raise MessageError(f"the shared memory has {offered.size} bytes")
        descriptor = None if offered.name else self._messages.take_descriptor()
        if self._memory is not None:
            self._memory.close()
            self._memory = None
        try:
            self._memory = PeerMemory(offered.size, offered.name, descriptor)
        except (OSError, ValueError) as error:
            raise MessageError(f"the shared memory cannot be used: {error}") from None
