"""One worker process: started, watched, and started anew when it ends or hangs."""

from __future__ import annotations

import asyncio
import itertools
import logging
import pickle
import socket
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress

import msgspec

from streamlab.bus.definition import without_secrets
from streamlab.bus.detector_shares import DetectorShares
from streamlab.bus.passed_sockets import SocketSender
from streamlab.bus.remote_producer import RemoteProducer
from streamlab.bus.replies import Alive, Logged, Opened, Ready, decode
from streamlab.bus.requests import DetectorReference, GiveUp, Open, Request
from streamlab.bus.worker_main import run_worker
from streamlab.clock import monotonic_ns, wall_s
from streamlab.core.time.timebase import NS_PER_S
from streamlab.detect.detector import Detector
from streamlab.detect.remote.pool import DetectorPool
from streamlab.errors import SourceUnreachableError
from streamlab.media.spec import SourceSpec
from streamlab.processes.child import ChildProcess, StartMethod
from streamlab.processes.message_stream import MessageStream
from streamlab.processes.restart_delay import RestartDelay
from streamlab.protocol.status import WorkerStatus
from streamlab.settings import Settings
from streamlab.version import __version__

log = logging.getLogger(__name__)
CHECK_EVERY_S = 0.25
SILENT_NS = 2 * NS_PER_S
"""A worker that has not said for this long that it is alive hangs, or was stopped."""
START_NS = 20 * NS_PER_S
"""What a worker may take to say that it is ready."""
END_TIMEOUT_S = 3.0


class RemoteSource:
    """A source that a worker has opened, or is opening."""

    def __init__(self, worker: WorkerProcess, opening: int, run: int) -> None:
        self.worker = worker
        self._opening = opening
        self._run = run

    def close(self) -> None:
        """Have the worker close it."""
        self.worker.send(GiveUp(self._opening))

    @property
    def opening(self) -> int | None:
        """Its number in the worker; None if that has ended since."""
        return self._opening if self._run == self.worker.run else None


class WorkerProcess:
    """Keeps a worker process running until ``close``. One event loop owns it."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        method: StartMethod | None,
        report: Callable[[str], None],
        detectors: DetectorPool,
    ) -> None:
        """Start the process. ``report`` takes what happens to it, in words."""
        self.name = name
        self._report = report
        self._shares = DetectorShares(detectors)
        self.run = 0
        """How often it was started."""
        self.counts: Counter[str] = Counter()
        self.is_up = False
        self._cores_used = 0.0
        self._rss_bytes = 0
        self._settings = without_secrets(settings)
        self._method = method
        self._child: ChildProcess | None = None
        self._stream: MessageStream | None = None
        self._numbers = itertools.count(1)
        self._producers: dict[int, RemoteProducer] = {}
        self._openings: dict[int, tuple[Open, Future[RemoteSource]]] = {}
        self._heard_ns = self._cpu_ns = self._cpu_at_ns = 0
        self._delay = RestartDelay()
        self._closing = asyncio.Event()
        self._task = asyncio.create_task(self._keep_running())

    def __len__(self) -> int:
        """Return the number of its cameras, and of sources that it opens."""
        return len(self._producers) + len(self._openings)

    @property
    def pid(self) -> int | None:
        """Process id; None while it does not run."""
        return None if self._child is None else self._child.pid

    def status(self) -> WorkerStatus:
        """Return its status."""
        is_lost = self._child is None and self.counts["ends"] > 0
        return WorkerStatus(
            id=self.name,
            host=socket.gethostname(),
            pid=self.pid,
            version=__version__,
            state="running" if self.is_up else "lost" if is_lost else "starting",
            cameras=tuple(producer.camera_id for producer in self._producers.values()),
            cpu=round(self._cores_used, 3),
            rss_bytes=self._rss_bytes,
            restarts=self.counts["ends"],
            hangs=self.counts["hangs"],
        )

    # -- requests ------------------------------------------------------------------------

    def send(self, request: Request) -> None:
        """Send a request; it is lost unless the worker is up."""
        if self.is_up and self._stream is not None:
            self._stream.send(pickle.dumps(request))

    def begin_opening(self, spec: SourceSpec, timeout_s: float) -> Future[RemoteSource]:
        """Open a source in the worker, once it is up."""
        number = next(self._numbers)
        outcome: Future[RemoteSource] = Future()
        request = Open(number, spec, timeout_s)
        self._openings[number] = request, outcome
        outcome.add_done_callback(lambda _: self._forget_opening(number))
        self.send(request)
        return outcome

    def add(self, make: Callable[[int], RemoteProducer]) -> RemoteProducer:
        """Add a camera, made with a number that no other has."""
        number = next(self._numbers)
        producer = self._producers[number] = make(number)
        return producer

    def leave(self, number: int) -> None:
        """Forget a camera."""
        self._producers.pop(number, None)
        users = self._producers.values()
        self._shares.keep({each for user in users for each in user.detectors})

    async def share(self, detector: Detector) -> DetectorReference:
        """Give the worker access to a detector. Raises EOFError if the worker has ended."""
        return await self._shares.share(detector)

    async def close(self) -> None:
        """End the process, and wait until it has ended."""
        self._closing.set()
        if self._stream is not None:
            self._stream.close()
        done, _ = await asyncio.wait([self._task], timeout=END_TIMEOUT_S)
        if not done:
            log.warning("%s does not end; it is killed", self.name)
            if self._child is not None:
                self._child.kill()
            self._task.cancel()
            await asyncio.wait([self._task])

    # -- its life ------------------------------------------------------------------------

    async def _keep_running(self) -> None:
        while True:
            why = await self._run_once()
            if self._closing.is_set():
                return
            self.counts["ends"] += 1
            delay_s = self._delay.receive_failure(monotonic_ns())
            log.error("%s has ended (%s); it starts anew in %.1f s", self.name, why, delay_s)
            self._report(f"{self.name} has ended: {why}.")
            self._receive_end(f"its worker process has ended ({why})", wall_s() + delay_s)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), delay_s)
                return

    async def _run_once(self) -> str:
        """Run the process until it has ended; return why it has."""
        self.run += 1
        level = logging.getLogger().getEffectiveLevel()
        near, far = socket.socketpair()
        try:
            child = ChildProcess(
                self.name, run_worker, self._settings, level, far, method=self._method
            )
        except Exception as error:  # a boundary of processes: too many, or no memory
            log.exception("%s cannot be started", self.name)
            near.close()
            return f"it cannot be started: {error}"
        finally:
            far.close()
        self._shares.begin(SocketSender(near), child.pid)
        self._child, self._heard_ns = child, monotonic_ns()
        self._stream = await MessageStream.connect(child.socket, self._receive)
        if self._closing.is_set():
            self._stream.close()
        watching = asyncio.create_task(self._watch(child))
        try:
            return await child.ended
        finally:
            watching.cancel()
            self.is_up = False
            await self._shares.end()
            self._stream.abort()
            self._stream = self._child = None

    async def _watch(self, child: ChildProcess) -> None:
        """Kill the process once it has been silent for too long."""
        checked_ns = monotonic_ns()
        while True:
            await asyncio.sleep(CHECK_EVERY_S)
            now_ns, before_ns = monotonic_ns(), checked_ns
            checked_ns = now_ns
            if now_ns - before_ns > SILENT_NS // 2:  # this process itself was held up
                self._heard_ns = now_ns
            if now_ns - self._heard_ns > (SILENT_NS if self.is_up else START_NS):
                log.error("%s does not answer; it is killed", self.name)
                self.counts["hangs"] += 1
                child.kill()
                return

    def _receive(self, message: bytes) -> None:
        self._heard_ns = monotonic_ns()
        try:
            reply = decode(message)
            if isinstance(reply, Ready):
                self._begin()
            elif isinstance(reply, Alive):
                self._receive_usage(reply)
            elif isinstance(reply, Logged):
                logging.getLogger(reply.name).log(reply.level, "%s: %s", self.name, reply.text)
            elif isinstance(reply, Opened):
                self._receive_opening(reply)
            elif (producer := self._producers.get(reply.camera)) is not None:
                producer.receive(reply)
        except (msgspec.DecodeError, ValueError) as error:
            log.error("%s sent what it must not: %s", self.name, error)
            self.counts["invalid"] += 1
            if self._child is not None:
                self._child.kill()

    def _begin(self) -> None:
        self.is_up = True
        self._delay.receive_start(monotonic_ns())
        self._report(f"{self.name} runs.")
        for request, _ in list(self._openings.values()):
            self.send(request)
        for producer in list(self._producers.values()):
            producer.begin()

    def _receive_opening(self, reply: Opened) -> None:
        _, outcome = self._openings.get(reply.opening, (None, None))
        if outcome is None or not outcome.set_running_or_notify_cancel():
            self.send(GiveUp(reply.opening))
        elif reply.refusal is not None:
            outcome.set_exception(reply.refusal.error())
        else:
            outcome.set_result(RemoteSource(self, reply.opening, self.run))

    def _forget_opening(self, number: int) -> None:
        _, outcome = self._openings.pop(number)
        if outcome.cancelled():
            self.send(GiveUp(number))

    def _receive_usage(self, alive: Alive) -> None:
        now_ns = monotonic_ns()
        elapsed_ns, used_ns = now_ns - self._cpu_at_ns, alive.cpu_ns - self._cpu_ns
        if elapsed_ns > 0 and used_ns >= 0:
            self._cores_used = used_ns / elapsed_ns
        self._cpu_at_ns, self._cpu_ns = now_ns, alive.cpu_ns
        self._rss_bytes = alive.rss_bytes

    def _receive_end(self, why: str, retry_at: float) -> None:
        for _, outcome in list(self._openings.values()):
            if outcome.set_running_or_notify_cancel():
                outcome.set_exception(SourceUnreachableError(f"the source was not opened: {why}"))
        for producer in list(self._producers.values()):
            producer.receive_worker_end(why, retry_at)
