"""A camera that runs in a worker process, as its viewers' side sees it."""

from __future__ import annotations

from streamlab.bus.placed_camera import PlacedCamera
from streamlab.bus.requests import Encoders, Observe
from streamlab.camera.detection import DetectionService
from streamlab.camera.producer_report import ProducerReport
from streamlab.core.channels import ChannelKey
from streamlab.core.sync.rule import Policy
from streamlab.detect.detector import Detector
from streamlab.detect.render import Renderer
from streamlab.faults.definition import Faults
from streamlab.protocol.status import SyncFigures


class RemoteProducer:
    """Asks a worker process to run a camera; see ``bus.carrier.Producer``."""

    def __init__(self, camera: PlacedCamera) -> None:
        """Prepare a camera, which ``start`` starts."""
        self._camera = camera
        self._state = camera.state
        self._number = camera.number

    @property
    def status(self) -> ProducerReport:
        """What the worker reported last, with what was asked for since."""
        return self._state.status

    @property
    def worker(self) -> str:
        """The process that runs the camera."""
        return self._camera.worker

    def start(self) -> None:
        """Have the worker run the camera, as soon as there is one."""
        self._camera.start()

    def close(self) -> None:
        """Send no more events; the camera runs until ``stop``."""
        self._camera.events.is_closed = True

    async def stop(self) -> None:
        """Stop the camera and wait for it, for a few seconds at most."""
        await self._camera.stop()

    def abandon(self) -> None:
        """Do nothing: at the end of this process, its workers end."""

    def request_encoders(self, wanted: frozenset[ChannelKey]) -> None:
        """Run exactly these encoders."""
        self._state.wanted = wanted
        self._camera.ask(Encoders(self._number, wanted))

    def request_sync(
        self,
        *,
        policy: Policy | None = None,
        tolerance_ms: float | None = None,
        max_playout_delay_ms: float | None = None,
        max_stale_fraction: float | None = None,
    ) -> None:
        """Change how the channels are kept together; None changes nothing."""
        changed = self._state.set_sync(
            policy=policy,
            tolerance_ms=tolerance_ms,
            max_playout_delay_ms=max_playout_delay_ms,
            max_stale_fraction=max_stale_fraction,
        )
        if changed:
            self._camera.change(sync=changed)

    def request_detector(self, channel: str, service: DetectionService) -> None:
        """Detect with this detector on a channel from the next frame on."""
        self._state.set_detector(channel, service)
        self._camera.change_detector(channel, service.detector)

    def request_renderer(self, channel: str, renderer: Renderer) -> None:
        """Draw a channel with this renderer from the next frame on."""
        pickled = self._state.set_renderer(channel, renderer)
        self._camera.change(channel=channel, renderer=pickled)

    def request_observation(self, *, observed: bool) -> None:
        """Send finished fragments and the timings of detections, too, while this is True."""
        self._state.is_observed = observed
        self._camera.ask(Observe(self._number, observed))

    def inject(self, faults: Faults) -> None:
        """Inject these faults from the next frame on, instead of the previous ones."""
        self._state.set_faults(faults)
        self._camera.change(faults=faults)

    def detector(self, channel: str) -> Detector:
        """Return the detector of an annotated channel."""
        return self._state.detectors[channel]

    def renderer(self, channel: str) -> Renderer:
        """Return the renderer of an annotated channel."""
        return self._state.channels[channel].renderer

    async def sync_figures(self, window_s: float) -> SyncFigures:
        """Return the synchronisation measured over the last ``window_s`` seconds.

        Raises SourceUnreachableError while the camera has no worker.
        """
        return await self._camera.questions.ask(window_s)
