"""A detector in a process of its own, which is replaced when it dies or hangs.

- ``starting`` until the model is loaded for the first time; then ``running``, ``restarting`` from
  each end of the process to the next load, and ``refused`` while the model cannot be loaded.
- Delays between restarts grow, and begin anew after calm (``DetectorLimits``).
- Clients ask for a new connection; until there is one they get the state, in words.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import Counter
from typing import Literal, TypeAlias

from streamlab.clock import monotonic_ns
from streamlab.detect.detector import DetectorKind, LoadOptions
from streamlab.detect.remote.connections import ConnectionProvider
from streamlab.detect.remote.limits import DetectorLimits
from streamlab.detect.remote.messages import Loaded
from streamlab.detect.remote.supervised import ProcessEndedError, SupervisedRun
from streamlab.errors import ModelError, StreamlabError
from streamlab.processes.child import StartMethod
from streamlab.processes.restart_delay import RestartDelay

log = logging.getLogger(__name__)
ProcessState: TypeAlias = Literal["starting", "running", "restarting", "refused", "stopped"]
DEFAULT_LIMITS = DetectorLimits()
DEFAULT_OPTIONS = LoadOptions()


class DetectorProcess:
    """Supervises the process of one detector, in the event loop that it was started in."""

    name: str
    kind: DetectorKind

    def __init__(self, model: str, options: LoadOptions, limits: DetectorLimits) -> None:
        """Use ``start`` instead."""
        self.model = model
        self.name, self.kind = model, "plugin"
        self.state: ProcessState = "starting"
        self.detail = f"Detector '{model}' is being loaded."
        """The state as a sentence, for people; '' while it runs."""
        self.restarts = 0
        """How often the process was replaced."""
        self._options, self._limits = options, limits
        self._method: StartMethod | None = None
        self._run: SupervisedRun | None = None
        self._clients = ConnectionProvider(self._connect)
        self._delay = RestartDelay(limits.first_delay_s, limits.longest_delay_s, limits.calm_s)
        self._failed_starts = 0
        self._refusal: StreamlabError | None = None
        self._first_load: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task: asyncio.Task[None] | None = None

    @classmethod
    async def start(
        cls,
        model: str,
        options: LoadOptions = DEFAULT_OPTIONS,
        limits: DetectorLimits = DEFAULT_LIMITS,
        *,
        method: StartMethod | None = None,
    ) -> DetectorProcess:
        """Start a process and wait until its model is loaded.

        Args:
            model: as for ``load_detector``, which runs in the process.
            options: likewise.
            limits: of the process.
            method: how to start it; None: the fastest way.

        Raises:
            StreamlabError: what ``load_detector`` raises; or ModelError, with the model's name, if
                loading takes too long or ends the process ``max_failed_starts`` times in a row.
        """
        process = cls(model, options, limits)
        process._method = method
        process._task = asyncio.create_task(process._supervise(), name=f"detector {model}")
        try:
            await asyncio.wait(
                (process._first_load, process._task), return_when=asyncio.FIRST_COMPLETED
            )
            await (process._first_load if process._first_load.done() else process._task)
        except BaseException:
            await process.close()
            raise
        return process

    @property
    def pid(self) -> int | None:
        """Process id; None while there is none."""
        return None if self._run is None else self._run.pid

    @property
    def counts(self) -> Counter[str]:
        """What the process that runs has counted (``DetectorServer``, ``BatchRunner``)."""
        return Counter(self._run.counts if self._run is not None else {})

    @property
    def clients(self) -> int:
        """Number of clients that have not ended."""
        return len(self._clients)

    async def connect(self) -> socket.socket:
        """Return what a ``RemoteDetector``, in any process, needs. Raises LimitError."""
        return await self._clients.add()

    async def close(self) -> None:
        """End the process and all connections."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))
        self.state, self.detail = "stopped", f"Detector '{self.name}' has been stopped."
        self._clients.close()

    async def _supervise(self) -> None:
        while True:
            why = await self._run_once()
            if why is None:
                assert self._refusal is not None
                self._first_load.set_exception(self._refusal)
                return
            delay_s = self._delay.receive_failure(monotonic_ns())
            log.warning("detector %s: %s; restarting in %g s", self.model, why, delay_s)
            await asyncio.sleep(delay_s)
            self.restarts += 1

    async def _run_once(self) -> str | None:
        """Run one process to its end; return why it has ended, or None if none is to follow."""
        run: SupervisedRun | None = None
        try:
            run = await SupervisedRun.start(self.model, self._options, self._limits, self._method)
            self._receive_load(run, await run.load())
            why = await run.watch()
            self.state = "restarting"
            self.detail = (
                f"The process of detector '{self.name}' has ended ({why}) and is being restarted."
            )
        except (StreamlabError, ProcessEndedError, OSError) as error:
            if self._receive_failed_start(error):
                return None
            why = str(error)
        finally:
            self._run = None
            if run is not None:
                await run.end()
        return why

    def _receive_load(self, run: SupervisedRun, loaded: Loaded) -> None:
        self.name, self.kind = loaded.name, loaded.kind
        self._run, self._failed_starts = run, 0
        self._delay.receive_start(monotonic_ns())
        self.state, self.detail = "running", ""
        if not self._first_load.done():
            self._first_load.set_result(None)

    def _receive_failed_start(self, error: Exception) -> bool:
        """Note that the model could not be loaded; return True if that is final."""
        self._failed_starts += 1
        if isinstance(error, ProcessEndedError):
            times = "" if self._failed_starts == 1 else f", {self._failed_starts} times in a row"
            refusal: StreamlabError = ModelError(
                f"The process of '{self.model}' ended while the model was loaded{times}: {error}.",
                hint="The file may be damaged, or need more memory than a detector may have.",
            )
            is_final = self._failed_starts >= self._limits.max_failed_starts
        elif isinstance(error, StreamlabError):
            refusal, is_final = error, True
        else:
            refusal, is_final = ModelError(f"'{self.model}' cannot be started: {error}."), True
        if is_final:
            self.state = "refused"
            self.detail = refusal.message
        if is_final and not self._first_load.done():
            self._refusal = refusal
            return True
        return False

    def _connect(self, end: socket.socket) -> str:
        if self._run is None:
            return self.detail
        try:
            self._run.accept(end)
        except OSError:
            return f"The process of detector '{self.name}' does not react."
        return ""
