"""One worker process: started, watched, and started anew when it ends or hangs."""

from __future__ import annotations

import asyncio
import logging
import pickle
import socket
from collections import Counter
from concurrent.futures import Future
from contextlib import suppress

import msgspec

from streamlab.bus.definition import without_secrets
from streamlab.bus.detector_shares import DetectorShares
from streamlab.bus.link import RemoteCamera, RemoteSource
from streamlab.bus.native_record import NOTHING, NativeCodeInside
from streamlab.bus.openings import RemoteOpenings
from streamlab.bus.replies import Alive, Logged, Opened, Ready, decode
from streamlab.bus.requests import DetectorReference, Request
from streamlab.bus.usage import WorkerUsage
from streamlab.bus.worker_context import WorkerContext, WorkerEnd
from streamlab.bus.worker_run import WorkerRun
from streamlab.clock import monotonic_ns, wall_s
from streamlab.detect.detector import Detector
from streamlab.media.spec import SourceSpec
from streamlab.processes.restart_delay import RestartDelay
from streamlab.protocol.status import WorkerStatus
from streamlab.version import __version__

log = logging.getLogger(__name__)
END_TIMEOUT_S = 3.0


class WorkerProcess:
    """Keeps a worker process running until ``close``. One event loop owns it."""

    def __init__(self, name: str, shared: WorkerContext, core: int | None = None) -> None:
        """Start the process, on one core if one is given."""
        self.name = name
        self._core = core
        self.run = 0
        """How often it was started."""
        self.counts: Counter[str] = Counter()
        self.usage = WorkerUsage()
        self.cameras: dict[int, RemoteCamera] = {}
        """Its cameras, by number."""
        self.openings = RemoteOpenings(self, shared.numbers)
        """The sources that it opens."""
        self._shared = shared
        self._settings = without_secrets(shared.settings)
        self._detectors = DetectorShares(shared.detectors)
        self._process: WorkerRun | None = None
        self._delay = RestartDelay()
        self._closing = asyncio.Event()
        self._task = asyncio.create_task(self._keep_running())

    def __len__(self) -> int:
        """Return the number of its cameras, and of sources that it opens."""
        return len(self.cameras) + len(self.openings)

    @property
    def pid(self) -> int | None:
        """Process id; None while it does not run."""
        return None if self._process is None else self._process.pid

    @property
    def is_up(self) -> bool:
        """True while the process takes requests."""
        return self._process is not None and self._process.is_ready

    def status(self) -> WorkerStatus:
        """Return its status."""
        is_lost = self._process is None and self.counts["ends"] > 0
        return WorkerStatus(
            id=self.name,
            host=socket.gethostname(),
            pid=self.pid,
            version=__version__,
            state="running" if self.is_up else "lost" if is_lost else "starting",
            cameras=tuple(camera.camera_id for camera in self.cameras.values()),
            cpu=round(self.usage.cores, 3),
            rss_bytes=self.usage.rss_bytes,
            restarts=self.counts["ends"],
            hangs=self.counts["hangs"],
        )

    # -- called by cameras: see ``bus.link.Link`` ----------------------------------------

    def send(self, request: Request) -> None:
        """Send a request; it is lost unless the worker is up."""
        if self._process is not None and self._process.is_ready:
            self._process.send(pickle.dumps(request))

    def begin_opening(self, spec: SourceSpec, timeout_s: float) -> Future[RemoteSource]:
        """Open a source in the worker, once it is up."""
        return self.openings.begin(spec, timeout_s)

    def join(self, camera: RemoteCamera) -> None:
        """Add a camera."""
        self.cameras[camera.number] = camera

    def leave(self, number: int) -> None:
        """Forget a camera."""
        self.cameras.pop(number, None)
        self._detectors.keep({each for user in self.cameras.values() for each in user.detectors})

    async def share(self, detector: Detector) -> DetectorReference:
        """Give the worker access to a detector. Raises EOFError if the worker has ended."""
        return await self._detectors.share(detector)

    async def close(self) -> None:
        """End the process, and wait until it has ended."""
        self._closing.set()
        if self._process is not None:
            self._process.close()
        done, _ = await asyncio.wait([self._task], timeout=END_TIMEOUT_S)
        if not done:
            log.warning("%s does not end; it is killed", self.name)
            if self._process is not None:
                self._process.kill()
            self._task.cancel()
            await asyncio.wait([self._task])

    # -- its life ------------------------------------------------------------------------

    async def _keep_running(self) -> None:
        while True:
            why, inside = await self._run_once()
            if self._closing.is_set():
                return
            self.counts["ends"] += 1
            delay_s = self._delay.receive_failure(monotonic_ns())
            log.error("%s has ended (%s); it starts anew in %.1f s", self.name, why, delay_s)
            self._shared.report("", f"{self.name} has ended: {why}.")
            self._shared.receive_end(
                WorkerEnd(self.name, self.cameras, self.openings.specs, inside)
            )
            self._receive_end(f"its worker process has ended ({why})", wall_s() + delay_s)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), delay_s)
                return

    async def _run_once(self) -> tuple[str, NativeCodeInside]:
        """Run the process; return why it has ended, and what native code it was in."""
        self.run += 1
        try:
            process = WorkerRun(self.name, self._settings, self._shared.method, self._core)
        except Exception as error:  # a boundary of processes: too many, or no memory
            log.exception("%s cannot be started", self.name)
            return f"it cannot be started: {error}", NOTHING
        self._detectors.begin(process.passing, process.pid)
        self._process = process
        try:
            await process.connect(self._receive)
            if self._closing.is_set():
                process.close()
            return await process.end()
        finally:
            self._process = None
            self.counts["hangs"] += process.hangs
            await self._detectors.end()

    def _receive(self, message: bytes) -> None:
        process = self._process
        if process is None:
            return
        process.receive_sign()
        try:
            reply = decode(message)
            if isinstance(reply, Ready):
                process.is_ready = True
                self._begin()
            elif isinstance(reply, Alive):
                self.usage.receive(reply, monotonic_ns())
            elif isinstance(reply, Logged):
                reply.log_as(self.name)
            elif isinstance(reply, Opened):
                self.openings.receive(reply)
            elif (camera := self.cameras.get(reply.camera)) is not None:
                camera.receive(reply)
        except (msgspec.DecodeError, ValueError) as error:
            log.error("%s sent what it must not: %s", self.name, error)
            self.counts["invalid"] += 1
            process.kill()

    def _begin(self) -> None:
        self.usage.receive_start()
        self._delay.receive_start(monotonic_ns())
        self._shared.report("", f"{self.name} runs.")
        self.openings.receive_start()
        for camera in list(self.cameras.values()):
            camera.begin()

    def _receive_end(self, why: str, retry_at: float) -> None:
        self.openings.receive_end(why)
        for camera in list(self.cameras.values()):
            camera.receive_worker_end(why, retry_at)
