"""The carrier to worker processes of this machine: places cameras on them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import cast

from streamlab.bus.carrier import OpenSource, Producer, Receive
from streamlab.bus.definition import NotMovableError, definition_of
from streamlab.bus.in_process import InProcess
from streamlab.bus.remote_producer import RemoteProducer
from streamlab.bus.worker_main import run_worker
from streamlab.bus.worker_process import RemoteSource, WorkerProcess
from streamlab.camera.pipeline import AnnotatedChannel
from streamlab.detect.detector import Detector
from streamlab.detect.load import LocalDetector, Origin, load_here, needs_process, recipe_of
from streamlab.detect.remote.child import run_detector
from streamlab.detect.remote.limits import DetectorLimits
from streamlab.detect.remote.pool import DetectorPool
from streamlab.media.spec import SourceSpec
from streamlab.processes.child import StartMethod, prepare_children
from streamlab.protocol.status import WorkerStatus
from streamlab.settings import Settings


class WorkerProcesses:
    """Runs cameras in worker processes, each on the one that has the fewest.

    A camera with a detector or a renderer that exists in this process only runs here, too.
    """

    def __init__(
        self, count: int, settings: Settings, *, method: StartMethod | None = None
    ) -> None:
        """Start no worker yet: cameras do.

        Args:
            count: how many there are at most, at least 1.
            settings: of the cameras.
            method: how processes are started; None: the fastest way.
        """
        prepare_children(run_worker.__module__, run_detector.__module__, method=method)
        limits = DetectorLimits(timeout_s=settings.detector_timeout, max_pixels=settings.max_pixels)
        self.detectors = DetectorPool(limits, method=method)
        self._count, self._settings, self._method = count, settings, method
        self._receive_event: Callable[[str], None] = lambda _: None
        self._here = InProcess()
        self.processes: list[WorkerProcess] = []
        """The worker processes that were started: as many as there were cameras at once."""

    def _least_loaded(self) -> WorkerProcess:
        """Return the worker for another camera: a new one while none is idle and there may be."""
        if all(map(len, self.processes)) and len(self.processes) < self._count:
            name = f"worker-{len(self.processes) + 1}"
            started = WorkerProcess(
                name, self._settings, self._method, self._report, self.detectors
            )
            self.processes.append(started)
        return min(self.processes, key=len)

    def begin_opening(self, spec: SourceSpec, timeout_s: float) -> Future[OpenSource]:
        """Open a source in the worker that would run its camera."""
        worker = self._least_loaded()
        return cast(Future[OpenSource], worker.begin_opening(spec, timeout_s))

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
        worker = self._least_loaded() if source is None else source.worker
        opening = None if source is None else source.opening
        return worker.add(
            partial(
                RemoteProducer,
                link=worker,
                definition=definition,
                channels=channels,
                opening=opening,
                receive=receive,
            )
        )

    def workers(self) -> tuple[WorkerStatus, ...]:
        """Return the status of each worker process."""
        return tuple(process.status() for process in self.processes)

    def call_on_event(self, receive: Callable[[str], None]) -> None:
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

    def _report(self, text: str) -> None:
        self._receive_event(text)

    async def close(self) -> None:
        """End the worker processes."""
        await asyncio.gather(*(worker.close() for worker in self.processes), self._here.close())
        await self.detectors.close()
