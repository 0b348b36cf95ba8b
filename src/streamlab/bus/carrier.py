"""What a carrier of the seam does: opens sources and runs cameras, wherever that is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Protocol

from streamlab.camera.detection import DetectionService
from streamlab.camera.pipeline import AnnotatedChannel
from streamlab.camera.producer import ProducerEvent
from streamlab.camera.producer_report import ProducerReport
from streamlab.camera.producer_status import ProducerStatus
from streamlab.core.channels import ChannelKey
from streamlab.core.sync.rule import Policy
from streamlab.detect.detector import Detector
from streamlab.detect.load import Origin
from streamlab.detect.render import Renderer
from streamlab.faults.definition import Faults
from streamlab.media.spec import SourceSpec
from streamlab.protocol.status import DetectorProcessStatus, SyncFigures, WorkerStatus
from streamlab.settings import Settings

Receive = Callable[[Sequence[ProducerEvent]], None]


class OpenSource(Protocol):
    """A source that was opened where its camera will run."""

    def close(self) -> None:
        """Close it; a camera that was made with it does that itself."""
        ...


class Producer(Protocol):
    """A camera at work, here or elsewhere; see ``camera.producer.CameraProducer``."""

    @property
    def status(self) -> ProducerStatus | ProducerReport:
        """What is known of the camera."""
        ...

    @property
    def worker(self) -> str | None:
        """The process that runs the camera; None: this one."""
        ...

    def start(self) -> None:
        """Begin to capture."""
        ...

    def close(self) -> None:
        """Send no more events; the camera runs until ``stop``."""
        ...

    async def stop(self) -> None:
        """Stop the camera, and wait until its threads have ended, for a second at most each."""
        ...

    def abandon(self) -> None:
        """Stop the camera at the end of the process, when no new thread can be started."""
        ...

    def request_encoders(self, wanted: frozenset[ChannelKey]) -> None:
        """Run exactly these encoders."""
        ...

    def request_sync(
        self,
        *,
        policy: Policy | None = None,
        tolerance_ms: float | None = None,
        max_playout_delay_ms: float | None = None,
        max_stale_fraction: float | None = None,
    ) -> None:
        """Change how the channels are kept together; None changes nothing."""
        ...

    def request_detector(self, channel: str, service: DetectionService) -> None:
        """Detect with this service on a channel from the next frame on."""
        ...

    def request_renderer(self, channel: str, renderer: Renderer) -> None:
        """Draw a channel with this renderer from the next frame on."""
        ...

    def request_observation(self, *, observed: bool) -> None:
        """Send finished fragments and the timings of detections, too, while this is True."""
        ...

    def inject(self, faults: Faults) -> None:
        """Inject these faults from the next frame on, instead of the previous ones."""
        ...

    def detector(self, channel: str) -> Detector:
        """Return the detector of an annotated channel."""
        ...

    def renderer(self, channel: str) -> Renderer:
        """Return the renderer of an annotated channel."""
        ...

    async def sync_figures(self, window_s: float) -> SyncFigures:
        """Return the synchronisation measured over the last ``window_s`` seconds."""
        ...


class Carrier(Protocol):
    """A place for cameras, in one event loop."""

    def begin_opening(self, spec: SourceSpec, timeout_s: float) -> Future[OpenSource]:
        """Open a source; cancelling the future, or closing its result, gives it up.

        Its error is a SourceError. Raises LimitError if too many are being opened.
        """
        ...

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
        """Prepare a camera, which ``start`` starts; see ``camera.producer.CameraProducer``."""
        ...

    def detector_processes(self) -> tuple[DetectorProcessStatus, ...]:
        """Return the status of each process that runs a model."""
        ...

    def workers(self) -> tuple[WorkerStatus, ...]:
        """Return the status of each process that runs cameras, apart from this one."""
        ...

    def call_on_event(self, receive: Callable[[str, str], None]) -> None:
        """Call ``receive`` with what happens to these processes, in words.

        The first argument is the camera that it is about, by id; '': it is about all of a process.
        """
        ...

    async def load_detector(self, origin: Origin) -> Detector:
        """Load a detector for cameras of this carrier, without holding up the event loop.

        Raises as ``detect.load.load_detector`` does.
        """
        ...

    async def close(self) -> None:
        """Stop what runs the cameras, after they have been stopped."""
        ...
