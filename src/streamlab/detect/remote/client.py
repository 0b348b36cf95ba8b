"""A detector that runs elsewhere: in a process of its own, or in that of its user's functions."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections import Counter
from collections.abc import Sequence

import supervision as sv

from streamlab.detect.detector import DetectorKind
from streamlab.detect.remote.link import DetectorLink, NotAnsweredError
from streamlab.detect.remote.memory import MemoryKind, default_memory_kind
from streamlab.detect.remote.messages import (
    CONNECTION_REPLY,
    MAX_CONTROL_BYTES,
    ConnectionRequest,
    decode,
    encode,
)
from streamlab.detect.remote.server import MAX_BATCH
from streamlab.errors import ModelError
from streamlab.media.limits import MAX_PIXELS
from streamlab.media.picture import Picture
from streamlab.processes.message_socket import MessageError, MessageSocket

CONNECT_TIMEOUT_S = 2.0
"""For the supervisor's reply, which comes from an event loop."""
_GONE = (EOFError, ConnectionError)


class RemoteDetector:
    """Satisfies ``Detector``; ``detect`` may wait, but never without a bound.

    While the detector is gone, ``detect`` raises ModelError at once; when it is back, ``detect``
    works again by itself. ``counts`` counts ``connections`` and ``refused`` pictures, and what was
    dropped of detections.
    """

    def __init__(
        self,
        control: socket.socket,
        name: str,
        kind: DetectorKind,
        *,
        timeout_s: float = 10.0,
        max_batch: int = MAX_BATCH,
        max_pixels: int = MAX_PIXELS,
        memory: MemoryKind | None = None,
    ) -> None:
        """Use a detector, from any process.

        Args:
            control: what ``connect`` of a ``DetectorProcess`` or ``DetectorThread`` returned; it
                is closed with this.
            name: of the detector.
            kind: of the detector.
            timeout_s: how long to wait for an answer. Give twice the ``timeout_s`` of the process,
                so that a detector that hangs is replaced before.
            max_batch: pictures in one request, as the detector's ``DetectorLimits`` have it.
            max_pixels: of a picture, likewise.
            memory: kind of shared memory for pictures; None: the better one of this system.
        """
        self.name = name
        self.kind: DetectorKind = kind
        self.counts: Counter[str] = Counter()
        self._control = MessageSocket(control, MAX_CONTROL_BYTES)
        self._memory = memory or default_memory_kind()
        self._timeout_s = timeout_s
        self._max_batch = 1 if kind == "callable" else max_batch
        self._max_pixels = max_pixels
        self._link: DetectorLink | None = None
        self._asked = False
        self._closed = False
        self._detecting = threading.Lock()
        self._linking = threading.Lock()  # guards _link and _closed

    def detect(self, pictures: Sequence[Picture]) -> list[sv.Detections]:
        """Return one ``Detections`` per picture, in order.

        Raises:
            ModelError: the detector has failed, with its words; or it is gone, has not answered in
                time, or is closed.
        """
        found: list[sv.Detections] = []
        with self._detecting:
            try:
                for start in range(0, len(pictures), self._max_batch):
                    found += self._ask(pictures[start : start + self._max_batch])
            except ModelError:
                self.counts["refused"] += len(pictures) - len(found)
                raise
            finally:
                if self._closed:
                    self._release()
        return found

    def close(self) -> None:
        """End the use of the detector, and a ``detect`` in another thread with ModelError."""
        with self._linking:
            self._closed = True
            self._control.interrupt()
            if self._link is not None:
                self._link.interrupt()
        if self._detecting.acquire(blocking=False):
            try:
                self._release()
            finally:
                self._detecting.release()

    def _release(self) -> None:
        self._drop_link()
        self._control.close()

    def _ask(self, pictures: Sequence[Picture]) -> list[sv.Detections]:
        largest = max(picture.width * picture.height for picture in pictures)
        if largest > self._max_pixels:
            raise self._error(f"A picture has {largest} px, more than {self._max_pixels}")
        until_s = time.monotonic() + self._timeout_s
        try:
            link = self._fresh_link(until_s)
            answer = link.ask(pictures, until_s)
        except NotAnsweredError:
            raise self._error(
                f"Detector '{self.name}' has not answered for {self._timeout_s:g} s"
            ) from None
        except MessageError as error:
            self._drop_link()
            raise self._error(f"Detector '{self.name}' cannot be understood: {error}") from None
        except _GONE:
            self._drop_link()
            raise self._error(
                f"The process of detector '{self.name}' has ended and is being restarted"
            ) from None
        except OSError as error:
            self._drop_link()
            raise self._error(f"Detector '{self.name}' cannot be reached: {error}") from error
        self.counts.update(answer.counts)
        if answer.error is not None:
            raise ModelError(answer.error, hint=answer.hint)
        return answer.detections

    def _fresh_link(self, until_s: float) -> DetectorLink:
        """Return a connection on which the detector is waiting for a request."""
        link = self._link
        if link is not None:
            try:
                link.make_ready()
                return link
            except _GONE:
                self._drop_link()  # it was restarted meanwhile
        return self._connect(until_s)

    def _connect(self, until_s: float) -> DetectorLink:
        timeout_s = max(0.0, min(CONNECT_TIMEOUT_S, until_s - time.monotonic()))
        try:
            if not self._asked:
                self._control.send(encode(ConnectionRequest(os.getpid())), timeout_s=timeout_s)
                self._asked = True
            reply = decode(CONNECTION_REPLY, self._control.receive(timeout_s))
        except TimeoutError:
            raise self._error(
                f"Detector '{self.name}' cannot be reached: its supervisor does not answer"
            ) from None
        except (MessageError, EOFError, OSError):
            raise self._error(f"Detector '{self.name}' has been stopped") from None
        self._asked = False
        if reply.refusal:
            raise self._error(reply.refusal.removesuffix("."))
        end = self._control.take_socket(reply.share)
        link = DetectorLink(end, self._memory, self._max_batch)
        with self._linking:
            self._link = link
            if self._closed:
                link.interrupt()
        self.counts["connections"] += 1
        return link

    def _drop_link(self) -> None:
        with self._linking:
            link, self._link = self._link, None
        if link is not None:
            link.close()

    def _error(self, what: str) -> ModelError:
        if self._closed:
            return ModelError(f"Detector '{self.name}' is closed.")
        return ModelError(f"{what}.", hint="Frames are sent without detections meanwhile.")
