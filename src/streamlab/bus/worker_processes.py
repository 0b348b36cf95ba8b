"""The carrier to worker processes of this machine."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from typing import Any, cast

from streamlab.bus.carrier import OpenSource, Producer, Receive
from streamlab.bus.definition import NotMovableError, definition_of
from streamlab.bus.in_process import InProcess
from streamlab.bus.isolation import Isolation
from streamlab.bus.link import Link, RemoteCamera, RemoteSource
from streamlab.bus.load_balancer import LoadBalancer
from streamlab.bus.placed_camera import PlacedCamera
from streamlab.bus.remote_producer import RemoteProducer
from streamlab.bus.remote_state import RemoteState
from streamlab.bus.worker_context import WorkerContext
from streamlab.bus.worker_main import run_worker
from streamlab.bus.worker_process import WorkerProcess
from streamlab.camera.pipeline import AnnotatedChannel
from streamlab.cores import core_of
from streamlab.detect.detector import Detector
from streamlab.detect.load import LocalDetector, Origin, load_here, needs_process, recipe_of
from streamlab.detect.remote.child import run_detector
from streamlab.detect.remote.limits import DetectorLimits
from streamlab.detect.remote.pool import DetectorPool
from streamlab.media.spec import SourceSpec
from streamlab.processes.child import StartMethod, prepare_children
from streamlab.processes.memory import rss_bytes
from streamlab.protocol.status import DetectorProcessStatus, WorkerStatus
from streamlab.settings import Settings

TEND_EVERY_S = 1.0


class WorkerProcesses:
    """Runs cameras in worker processes, each on the one that has the least to do.

    A camera with a detector or a renderer that exists in this process only runs here, too.
    """

    def __init__(
        self, count: int, settings: Settings, *, method: StartMethod | None = None
    ) -> None:
        """Start no worker yet: cameras do.

        Args:
            count: how many there are at most, at least 1; further ones run cameras that end their
                process.
            settings: of the cameras.
            method: how processes are started; None: the fastest way.
        """
        prepare_children(run_worker.__module__, run_detector.__module__, method=method)
        limits = DetectorLimits(timeout_s=settings.detector_timeout, max_pixels=settings.max_pixels)
        self.detectors = DetectorPool(limits, method=method)
        self._count = count
        self._isolation = Isolation(self._start, self._move)
        self._shared = WorkerContext(
            settings,
            self.detectors,
            itertools.count(1),
            self._report,
            self._isolation.receive_end,
            method,
        )
        self._receive_event: Callable[[str, str], None] = lambda *_: None
        self._here = InProcess()
        self._tasks: set[asyncio.Task[None]] = set()
        self.processes: list[WorkerProcess] = []
        """Those for all cameras, as many as were needed so far."""
        self._balancer = LoadBalancer(self.processes, settings.open_timeout, self._report)

    @property
    def _all(self) -> list[WorkerProcess]:
        return [*self.processes, *self._isolation.processes]

    def begin_opening(self, spec: SourceSpec, timeout_s: float) -> Future[OpenSource]:
        """Open a source in the worker that would run its camera."""
        return cast(Future[OpenSource], self._worker_for(spec).begin_opening(spec, timeout_s))

    def produce(
        self,
        camera_id: str,
        spec: SourceSpec,
        source: OpenSource | None,
        channels: Sequence[AnnotatedChannel],
        settings: Settings,
        first_sequence: int,
        receive: Receive,
    ) -> Producer:
        """Prepare a camera, which ``start`` starts."""
        assert source is None or isinstance(source, RemoteSource)
        try:
            definition = definition_of(camera_id, spec, channels, settings, first_sequence)
        except NotMovableError:
            if source is not None:
                source.close()
            return self._here.produce(
                camera_id, spec, None, channels, settings, first_sequence, receive
            )
        link: Link = self._worker_for(spec) if source is None else source.link
        opening = None if source is None else source.opening
        state = RemoteState(definition, channels)
        return RemoteProducer(
            PlacedCamera(next(self._shared.numbers), link, state, opening, receive)
        )

    def detector_processes(self) -> tuple[DetectorProcessStatus, ...]:
        """Return the status of each process that runs a model."""
        return tuple(
            DetectorProcessStatus(
                name=each.name,
                pid=each.pid,
                clients=each.clients,
                rss_bytes=0 if each.pid is None else rss_bytes(each.pid),
                restarts=each.restarts,
            )
            for each in self.detectors.processes
        )

    def workers(self) -> tuple[WorkerStatus, ...]:
        """Return the status of each worker process."""
        return tuple(process.status() for process in self._all)

    def call_on_event(self, receive: Callable[[str, str], None]) -> None:
        """Call ``receive`` with what happens to the worker processes, in words."""
        self._receive_event = receive

    async def load_detector(self, origin: Origin) -> Detector:
        """Load a model in a process of its own, which all workers share.

        A detector that exists in this process only stays here, and workers ask it. Ground truth
        and no detector are values, which each worker makes anew. Raises as ``load_detector`` does.
        """
        if isinstance(origin, LocalDetector):
            is_value = recipe_of(origin.detector) is not None
        else:
            is_value = not needs_process(origin.model)
        return await (load_here(origin) if is_value else self.detectors.load(origin))

    async def close(self) -> None:
        """End the worker processes."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*(worker.close() for worker in self.processes), self._here.close())
        await self._isolation.close()
        await self.detectors.close()

    async def _tend(self) -> None:
        while True:
            await asyncio.sleep(TEND_EVERY_S)
            self._isolation.close_unused()
            await self._balancer.check()

    def _worker_for(self, spec: SourceSpec) -> WorkerProcess:
        alone = self._isolation.worker_for(spec)
        if alone is not None:
            return alone
        if all(map(len, self.processes)) and len(self.processes) < self._count:
            return self._start_another()
        return self._balancer.least_loaded()

    def _start_another(self) -> WorkerProcess:
        if not self.processes:
            self._begin_task(self._tend())
        number = len(self.processes)
        core = core_of(number, self._count)
        worker = WorkerProcess(f"worker-{number + 1}", self._shared, core)
        self.processes.append(worker)
        return worker

    def _start(self, name: str) -> WorkerProcess:
        return WorkerProcess(name, self._shared)

    def _report(self, camera_id: str, text: str) -> None:
        self._receive_event(camera_id, text)

    def _move(self, camera: RemoteCamera, worker: WorkerProcess, why: str) -> None:
        self._begin_task(self._isolate(camera, worker, why))

    async def _isolate(self, camera: RemoteCamera, worker: WorkerProcess, why: str) -> None:
        if await camera.move(worker, None, why):
            self._report(camera.camera_id, why)

    def _begin_task(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
