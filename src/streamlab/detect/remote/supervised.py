"""One run of a detector process, in the event loop of its supervisor: loaded, watched, ended."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping

from streamlab.clock import monotonic_ns
from streamlab.detect.detector import LoadOptions
from streamlab.detect.remote.child import run_detector
from streamlab.detect.remote.limits import DetectorLimits
from streamlab.detect.remote.messages import (
    FROM_DETECTOR,
    Accept,
    Loaded,
    LoadFailed,
    Ping,
    Progress,
    decode,
    encode,
)
from streamlab.detect.remote.progress import PINGS_PER_TIMEOUT, HangDetection
from streamlab.errors import (
    DisabledError,
    InvalidRequestError,
    ModelError,
    ModelFormatError,
    ModelNotFoundError,
    StreamlabError,
)
from streamlab.processes.child import ChildProcess, StartMethod
from streamlab.processes.message_socket import MessageError, share_of
from streamlab.processes.message_stream import MessageStream

NS_PER_S = 1_000_000_000
_END_TIMEOUT_S = 5.0
_MAX_NAME_CHARS = 64
_LOAD_ERRORS: Mapping[str, type[StreamlabError]] = {
    kind.__name__: kind
    for kind in (ModelNotFoundError, ModelFormatError, InvalidRequestError, DisabledError)
}
"""What ``load_detector`` raises, beside ModelError."""


class ProcessEndedError(Exception):
    """The process has ended; its argument says why."""


class SupervisedRun:
    """A detector process from its start to its end."""

    def __init__(self, model: str, child: ChildProcess, limits: DetectorLimits) -> None:
        """Use ``start`` instead."""
        self.counts: Mapping[str, int] = {}
        """What the server of the process has counted, as of its last reply to a ping."""
        self._model, self._child = model, child
        self._limits = limits
        self._stream: MessageStream | None = None
        self._loaded: asyncio.Future[Loaded] = asyncio.get_running_loop().create_future()
        self._hanging = HangDetection(round(limits.timeout_s * NS_PER_S))
        self._why_killed = ""

    @classmethod
    async def start(
        cls, model: str, options: LoadOptions, limits: DetectorLimits, method: StartMethod | None
    ) -> SupervisedRun:
        """Start a process, which begins to load the model."""
        name = f"detect-{model}"[:_MAX_NAME_CHARS]
        child = ChildProcess(name, run_detector, model, options, limits, method=method)
        try:
            run = cls(model, child, limits)
            run._stream = await MessageStream.connect(child.socket, run._receive)
        except BaseException:
            child.kill()
            child.socket.close()
            await child.ended  # which releases what it holds
            raise
        return run

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._child.pid

    async def load(self) -> Loaded:
        """Wait until the model is loaded.

        Raises:
            StreamlabError: the model cannot be loaded, or not in time.
            ProcessEndedError: the process has ended meanwhile.
        """
        done, _ = await asyncio.wait(
            (self._loaded, self._child.ended),
            timeout=self._limits.load_timeout_s,
            return_when=asyncio.FIRST_COMPLETED,
        )
        if self._loaded in done:
            return self._loaded.result()
        if done:
            raise ProcessEndedError(await self._child.ended)
        raise ModelError(
            f"'{self._model}' was not loaded within {self._limits.load_timeout_s:g} s",
            hint="Use a smaller model.",
        )

    async def watch(self) -> str:
        """Wait until the process has ended, and end it if it hangs; return why, in words."""
        interval_s = self._limits.timeout_s / PINGS_PER_TIMEOUT
        while True:
            done, _ = await asyncio.wait((self._child.ended,), timeout=interval_s)
            if done:
                return self._why_killed or await self._child.ended
            if self._hanging.receive_ping():
                self._kill("it did not react")
            elif self._stream is not None and not self._stream.unsent_bytes:
                self._stream.send(encode(Ping()))

    def accept(self, end: socket.socket) -> None:
        """Give the detector a new connection. Raises OSError if its process does not take it."""
        assert self._stream is not None
        self._stream.send_socket(encode(Accept(share_of(end, self.pid))), end)

    async def end(self) -> None:
        """End the process: in order, or else at once."""
        if self._stream is not None:
            self._stream.abort()
        if _is_good(self._loaded):
            await asyncio.wait((self._child.ended,), timeout=_END_TIMEOUT_S)
        self._child.kill()
        await self._child.ended

    def _kill(self, why: str) -> None:
        self._why_killed = self._why_killed or why
        self._child.kill()

    def _receive(self, data: bytes) -> None:
        try:
            message = decode(FROM_DETECTOR, data)
        except MessageError:
            self._kill("it broke the rules of its connection")
            return
        if isinstance(message, Progress):
            self.counts = message.counts
            if self._hanging.receive_progress(message.begun, message.ended, monotonic_ns()):
                self._kill(f"a batch took longer than {self._limits.timeout_s:g} s")
        elif not self._loaded.done():
            if isinstance(message, Loaded):
                self._loaded.set_result(message)
            else:
                self._loaded.set_exception(_error_of(message))


def _is_good(loaded: asyncio.Future[Loaded]) -> bool:
    return loaded.done() and not loaded.cancelled() and loaded.exception() is None


def _error_of(failed: LoadFailed) -> StreamlabError:
    kind = _LOAD_ERRORS.get(failed.error, ModelError)
    return kind(failed.message, hint=failed.hint)
