"""One connection of a client to a detector: pictures go over shared memory, answers come back."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import supervision as sv

from streamlab.detect.remote.memory import MemoryKind, OwnMemory
from streamlab.detect.remote.messages import (
    ANSWER,
    MAX_ANSWER_BYTES,
    Answer,
    Memory,
    Request,
    decode,
    encode,
)
from streamlab.detect.remote.placing import place, write
from streamlab.detect.remote.rows import detections_of
from streamlab.media.picture import Picture
from streamlab.processes.message_socket import MessageError, MessageSocket


class NotAnsweredError(TimeoutError):
    """The detector has not answered in time; the request is not withdrawn."""


class LinkAnswer(NamedTuple):
    """What a detector has answered: the detections of each picture, or an error."""

    detections: list[sv.Detections]
    error: str | None
    hint: str
    counts: Mapping[str, int]


class DetectorLink:
    """Used by one thread; any thread may ``interrupt`` it. Raises EOFError or OSError when gone."""

    def __init__(self, end: socket.socket, kind: MemoryKind, max_batch: int) -> None:
        """Use a connected socket, which is closed with this.

        Args:
            end: the socket.
            kind: of the memory for pictures.
            max_batch: pictures of a request, for which memory is set aside.
        """
        self._messages = MessageSocket(end, MAX_ANSWER_BYTES)
        self._kind = kind
        self._max_batch = max_batch
        self._memory: OwnMemory | None = None
        self._number = 0
        self._is_waiting = False

    def make_ready(self) -> None:
        """Take the answer to a request that nobody waits for any more.

        Raises NotAnsweredError if there is none yet: the detector still works on it; MessageError,
        EOFError or OSError.
        """
        if self._is_waiting:
            self._receive(0.0)
        elif self._messages.receive_ready() is not None:
            raise MessageError("an answer came to no request")

    def ask(self, pictures: Sequence[Picture], until_s: float) -> LinkAnswer:
        """Have pictures detected, and wait for it until the monotonic time ``until_s``.

        Raises NotAnsweredError, MessageError, EOFError or OSError.
        """
        placed, size = place(pictures)
        offered = self._grow(size, size * self._max_batch // len(pictures))
        assert self._memory is not None
        for picture, place_of in zip(pictures, placed, strict=True):
            write(picture, place_of, self._memory.pixels)
        self._number += 1
        descriptor = self._memory.descriptor
        self._messages.send(
            encode(Request(self._number, placed, offered)),
            () if descriptor is None else (descriptor,),
            timeout_s=max(0.0, until_s - time.monotonic()),
        )
        self._is_waiting = True
        if self._kind == "memfd":
            self._memory.remove_name()
        answer = self._receive(max(0.0, until_s - time.monotonic()))
        if answer.error is None and len(answer.rows) != len(pictures):
            raise MessageError(f"{len(answer.rows)} results for {len(pictures)} pictures")
        detections = [detections_of(rows) for rows in answer.rows]
        return LinkAnswer(detections, answer.error, answer.hint, answer.counts)

    def interrupt(self) -> None:
        """End the connection; a thread that waits gets EOFError."""
        self._messages.interrupt()

    def close(self) -> None:
        """End the connection and release its memory."""
        self._messages.close()
        if self._memory is not None:
            self._memory.close()

    def _receive(self, timeout_s: float) -> Answer:
        try:
            answer = decode(ANSWER, self._messages.receive(timeout_s))
        except TimeoutError:
            raise NotAnsweredError from None
        if answer.number != self._number:
            raise MessageError("an answer is not the one to the request")
        self._is_waiting = False
        if self._memory is not None:
            self._memory.remove_name()  # the detector has opened it
        return answer

    def _grow(self, size: int, generous: int) -> Memory | None:
        """Let the memory hold ``size`` bytes; return it if the detector has to open it.

        ``generous``: how much new memory has; the system provides it when it is written to.
        """
        if self._memory is not None and self._memory.size >= size:
            return None
        if self._memory is not None:
            self._memory.close()
        self._memory = OwnMemory(generous, self._kind)
        return Memory(generous, self._memory.name)
