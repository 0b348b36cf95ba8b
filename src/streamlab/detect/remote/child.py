"""What runs in a detector process: loads the model, then serves it until the supervisor ends.

A thread of its own answers the supervisor's pings: they tell a detector that works from one that
hangs. On Linux the kernel ends the process with its supervisor, also while a model that hangs holds
Python's lock, so that no thread can run.
"""

from __future__ import annotations

import os
import socket
import threading
from contextlib import suppress

from streamlab.detect.detector import Detector, LoadOptions
from streamlab.detect.load import load_detector
from streamlab.detect.remote.limits import DetectorLimits, limit_memory
from streamlab.detect.remote.messages import (
    MAX_CONTROL_BYTES,
    TO_DETECTOR,
    Accept,
    FromDetector,
    Loaded,
    LoadFailed,
    Progress,
    clipped,
    decode,
    encode,
)
from streamlab.detect.remote.server import DetectorServer
from streamlab.detect.text import error_text
from streamlab.errors import ModelError, StreamlabError
from streamlab.processes.message_socket import MessageError, MessageSocket

_GRACE_S = 2.0
"""For the current batch, when the supervisor has ended."""


def run_detector(
    end: socket.socket,
    model: str,
    options: LoadOptions,
    limits: DetectorLimits,
) -> None:
    """Load a model and serve it, as the ``main`` of a ``ChildProcess``.

    Args:
        end: for the supervisor's messages.
        model: as for ``load_detector``.
        options: likewise.
        limits: of this process, and of what it serves.
    """
    limit_memory(limits.max_memory_bytes)
    control = _Control(end)
    try:
        detector = _load(model, options)
    except BaseException as error:  # noqa: BLE001  # of a package, or a hostile file
        control.send(_failure(model, error))
        return
    server = DetectorServer(detector, max_batch=limits.max_batch, max_pixels=limits.max_pixels)
    control.serve(server, Loaded(clipped(detector.name), detector.kind))
    server.run()
    with suppress(Exception):  # a package's code, at the end of its process
        detector.close()


class _Control:
    """The child's end of its connection with the supervisor."""

    def __init__(self, end: socket.socket) -> None:
        self._messages = MessageSocket(end, MAX_CONTROL_BYTES)
        self._server: DetectorServer | None = None
        self._sending = threading.Lock()
        threading.Thread(target=self._run, name="control", daemon=True).start()

    def send(self, message: FromDetector) -> None:
        with self._sending, suppress(OSError):  # the supervisor has ended
            self._messages.send(encode(message))

    def serve(self, server: DetectorServer, loaded: Loaded) -> None:
        self._server = server
        self.send(loaded)

    def _run(self) -> None:
        with suppress(EOFError, OSError, MessageError):
            while True:
                message = decode(TO_DETECTOR, self._messages.receive())
                if self._server is None:
                    continue
                if isinstance(message, Accept):
                    self._server.add(self._messages.take_socket(message.share))
                else:
                    self.send(_progress(self._server))
        self._end()

    def _end(self) -> None:
        """End the process, which has nobody to work for: in order, or else at once."""
        if self._server is not None:
            self._server.stop()
            threading.main_thread().join(_GRACE_S)
        os._exit(0)


def _progress(server: DetectorServer) -> Progress:
    batches = server.batches
    counts = {**server.counts, **batches.counts}
    ended = batches.ended  # first: a batch that begins meanwhile does not seem to have hung
    return Progress(batches.begun, ended, counts)


def _load(model: str, options: LoadOptions) -> Detector:
    return load_detector(
        model,
        confidence=options.confidence,
        iou=options.iou,
        threads=options.threads,
        provider=options.provider,
        source=options.source,
    )


def _failure(model: str, error: BaseException) -> LoadFailed:
    if isinstance(error, StreamlabError):
        return LoadFailed(type(error).__name__, clipped(error.message), clipped(error.hint))
    if isinstance(error, MemoryError):
        message = f"'{model}' needs more memory than a detector may have"
        return LoadFailed(ModelError.__name__, clipped(message), "Use a smaller model.")
    message = f"'{model}' cannot be loaded: {error_text(error)}"
    return LoadFailed(ModelError.__name__, clipped(message), "Check the model.")
