"""A camera without threads: its pipeline encodes when the test says so."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any, ClassVar, cast

from streamlab.camera import AnnotatedChannel, CameraPipeline, DetectionService, SourceChanged
from streamlab.core.channels import CameraMetadata, ChannelKey, SourceState
from streamlab.core.health import OK, PartHealth
from streamlab.core.sync.policy import SyncPolicy
from streamlab.detect.draw import BoxRenderer
from streamlab.detect.render import Renderer
from streamlab.detect.scripted import no_detector
from streamlab.faults import NO_FAULTS
from streamlab.media.opening import open_source
from streamlab.media.spec import SourceSpec
from streamlab.settings import Settings
from streamlab.viewers.camera import Camera
from tests.core.viewers import Encoders
from tests.viewers.producers import producer_of

SPEC = SourceSpec.parse("synthetic://traffic?width=160&height=90&fps=30")
SOURCE = open_source(SPEC)
SERVICE = DetectionService(no_detector())  # never started

NO_INK = PartHealth("failing", "ValueError: no ink")
NO_MEMORY = PartHealth("failing", "OSError: no memory")


class StillAnnotator:
    """Draws nothing."""

    service = SERVICE
    renderer: Renderer = BoxRenderer()
    renderer_health = OK


class StillPipeline:
    """Encodes what is wanted, one frame at a time."""

    metadata = CameraMetadata(160, 90, Fraction(30), "", False, "")
    faults = NO_FAULTS
    errors: ClassVar[list[str]] = []

    def __init__(self, annotated: Iterable[str]) -> None:
        self.encoders = Encoders(gop=30)
        self.encoder_healths: dict[str, PartHealth] = {}
        self.box_deadlines_ns: dict[str, int] = {}
        self.annotators = {name: StillAnnotator() for name in annotated}

    def detector_health(self, channel: str) -> PartHealth:
        return self.annotators[channel].service.health

    def counts(self) -> dict[str, int]:
        return {}

    fault_counts = counts

    def check_source(self, now_ns: int) -> SourceChanged | None:
        return None

    def request_encoders(self, keys: frozenset[ChannelKey]) -> None:
        self.encoders.want(keys)

    def encoder_health(self, channel: str) -> PartHealth:
        return self.encoder_healths.get(channel, OK)

    def renderer_health(self, channel: str) -> PartHealth:
        return self.annotators[channel].renderer_health

    def request_renderer(self, channel: str, renderer: Renderer) -> None:
        self.annotators[channel].renderer = renderer

    def request_box_deadline(self, channel: str, deadline_ns: int) -> None:
        self.box_deadlines_ns[channel] = deadline_ns


class StillCamera(Camera):
    """A real camera on a still pipeline. Make it in a running loop."""

    def __init__(
        self, camera_id: str = "yard", annotated: Sequence[str] = ("annotated",), **changes: Any
    ) -> None:
        settings = Settings(**{"sync_policy": SyncPolicy.NONE, **changes})
        channels = [AnnotatedChannel(name, SERVICE, BoxRenderer()) for name in annotated]
        super().__init__(camera_id, SPEC, SOURCE, channels, settings)
        self.still = StillPipeline(annotated)
        self.running = self._running
        producer = producer_of(self)
        producer._pipeline = producer.status.pipeline = cast(CameraPipeline, self.still)
        self.running.process_events()

    async def capture(self, count: int = 1) -> None:
        """Hand over this many frames of all encodings, each on its own."""
        for _ in range(count):
            self.still.encoders.capture()
            for made in list(self.still.encoders.made.values()):
                while made:
                    producer_of(self)._handover.put([made.popleft()])
            await self.news()

    def check_health(self) -> None:
        """Check the health as its timer does."""
        producer_of(self)._check_health()
        producer_of(self)._send()

    async def change_source(self, state: SourceState, detail: str = "") -> None:
        """Have the source change its state; ``ended`` is the end of the stream."""
        producer_of(self)._handover.put([SourceChanged(state, detail)])
        await self.news()

    @staticmethod
    async def news() -> None:
        """Let the loop do all that is to be done now."""
        for _ in range(3):
            await asyncio.sleep(0)
