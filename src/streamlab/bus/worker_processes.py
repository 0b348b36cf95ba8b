"""The carrier to worker processes of this machine: places cameras on them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import cached_property, partial
from typing import cast

from streamlab.bus.carrier import OpenSource, Producer, Receive
from streamlab.bus.definition import NotMovableError, definition_of
from streamlab.bus.in_process import InProcess
from streamlab.bus.remote_producer import RemoteProducer
from streamlab.bus.worker_process import RemoteSource, WorkerProcess
from streamlab.camera.pipeline import AnnotatedChannel
from streamlab.detect.remote.limits import DetectorLimits
from streamlab.detect.remote.pool import DetectorPool
from streamlab.media.spec import SourceSpec
from streamlab.processes.child import StartMethod
from streamlab.processes.memory import rss_bytes
from streamlab.protocol.status import DetectorProcessStatus, WorkerStatus
from streamlab.settings import Settings


class WorkerProcesses:
    """Runs cameras in worker processes, each on the one that has the fewest.

    A camera with a detector or a renderer that exists in this process only runs here, too.
    """

    def __init__(
        self, count: int, settings: Settings, *, method: StartMethod | None = None
    ) -> None:
        """Start no process yet: the first camera does.

        Args:
            count: how many, at least 1.
            settings: of the cameras.
            method: how processes are started; None: the fastest way.
        """
        limits = DetectorLimits(timeout_s=settings.detector_timeout, max_pixels=settings.max_pixels)
        self.detectors = DetectorPool(limits, method=method)
        self._count, self._settings, self._method = count, settings, method
        self._receive_event: Callable[[str], None] = lambda _: None
        self._here = InProcess()

    @cached_property
    def processes(self) -> list[WorkerProcess]:
        """The worker processes, which are started when they are first asked for."""
        return [
            WorkerProcess(
                f"worker-{number}", self._settings, self._method, self._report, self.detectors
            )
            for number in range(1, self._count + 1)
        ]

    @property
    def _started(self) -> list[WorkerProcess]:
        return self.processes if "processes" in self.__dict__ else []

    def begin_opening(self, spec: SourceSpec, timeout_s: float) -> Future[OpenSource]:
        """Open a source in the worker that would run its camera."""
        worker = min(self.processes, key=len)
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
        worker = min(self.processes, key=len) if source is None else source.worker
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
        return tuple(process.status() for process in self._started)

    def call_on_event(self, receive: Callable[[str], None]) -> None:
        """Call ``receive`` with what happens to the worker processes, in words."""
        self._receive_event = receive

    def _report(self, text: str) -> None:
        self._receive_event(text)

    async def close(self) -> None:
        """End the worker processes."""
        await asyncio.gather(*(worker.close() for worker in self._started), self._here.close())
        await self.detectors.close()
