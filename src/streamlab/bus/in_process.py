"""The carrier within the server's own process: a camera runs in the event loop of its viewers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import cast

from streamlab.bus.carrier import OpenSource, Receive
from streamlab.camera.pipeline import AnnotatedChannel
from streamlab.camera.producer import CameraProducer
from streamlab.camera.worker_pool import WorkerPool
from streamlab.detect.detector import Detector
from streamlab.detect.load import Origin, load_here
from streamlab.media.opening import begin_opening
from streamlab.media.source import Source
from streamlab.media.spec import SourceSpec
from streamlab.protocol.status import DetectorProcessStatus, WorkerStatus
from streamlab.settings import Settings


class InProcess:
    """Runs cameras in this process, and their stages in one worker pool."""

    def __init__(self) -> None:
        self._pool = WorkerPool.of_all_cores()

    def begin_opening(self, spec: SourceSpec, timeout_s: float) -> Future[OpenSource]:
        """Open a source in a separate thread. Raises LimitError if too many are being opened."""
        return cast(Future[OpenSource], begin_opening(spec, timeout_s))

    def produce(
        self,
        camera_id: str,
        spec: SourceSpec,
        source: OpenSource | None,
        channels: Sequence[AnnotatedChannel],
        settings: Settings,
        first_sequence: int,
        receive: Receive,
    ) -> CameraProducer:
        """Prepare a camera, which ``start`` starts."""
        opened = cast(Source | None, source)
        pool = self._pool
        return CameraProducer(
            camera_id, spec, opened, channels, settings, pool, first_sequence, receive
        )

    def detector_processes(self) -> tuple[DetectorProcessStatus, ...]:
        """Return nothing: models run in this process."""
        return ()

    def workers(self) -> tuple[WorkerStatus, ...]:
        """Return nothing: there is no other process."""
        return ()

    def call_on_event(self, receive: Callable[[str, str], None]) -> None:
        """Do nothing: there is no other process."""

    async def load_detector(self, origin: Origin) -> Detector:
        """Load a detector in this process. Raises as ``load_detector`` does."""
        return await load_here(origin)

    async def close(self) -> None:
        """End the threads of the worker pool."""
        self._pool.close()
