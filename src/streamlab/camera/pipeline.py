"""A camera: one capture, a raw channel, and any number of annotated channels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from streamlab.camera.annotator import MAX_REDACTION_AGE_MS, Annotator, RawEncoder
from streamlab.camera.capture import UNKNOWN, Capture
from streamlab.camera.channel_encoder import SOURCE_KEY, ChannelEncoder
from streamlab.camera.delivery import Delivery, Emit
from streamlab.camera.detection import DetectionService
from streamlab.camera.frame import SourceChanged
from streamlab.camera.native_code import UNNOTED, NativeCode
from streamlab.camera.worker_pool import WorkerPool, shared_pool
from streamlab.core.channels import RAW, CameraMetadata, ChannelKey
from streamlab.core.health import PartHealth
from streamlab.core.time.keyframes import KeyframeClock
from streamlab.core.time.timebase import NS_PER_S, ms_to_pts
from streamlab.detect.draw import is_box_renderer
from streamlab.detect.filter import EVERYTHING, DetectionOptions
from streamlab.detect.render import Renderer, redacts
from streamlab.faults.definition import NO_FAULTS, Faults
from streamlab.faults.injection import FaultInjector
from streamlab.media.source import OPEN_TIMEOUT_S, Source, SourceInfo
from streamlab.media.spec import SourceSpec

JOIN_TIMEOUT_S = 1.0
DEAD = PartHealth("failing", "the detector is dead: an injected fault")


@dataclass(frozen=True, slots=True)
class AnnotatedChannel:
    """An annotated channel: the service that detects on captured frames, and the renderer."""

    name: str
    service: DetectionService
    renderer: Renderer
    detections: DetectionOptions = EVERYTHING
    """Which detections the channel wants, and how often."""


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """The settings that a pipeline uses."""

    gop_s: float = 1.0
    fragment_ms: float = 0.0
    first_sequence: int = 1
    open_timeout_s: float = OPEN_TIMEOUT_S
    stall_after_s: float = 2.0
    max_redaction_age_ms: float = MAX_REDACTION_AGE_MS


class CameraPipeline:
    """Runs one camera; calls ``emit`` from its threads."""

    def __init__(
        self,
        camera_id: str,
        spec: SourceSpec,
        source: Source | None,
        channels: Sequence[AnnotatedChannel],
        settings: PipelineSettings,
        emit: Emit,
        pool: WorkerPool | None = None,
        native: NativeCode = UNNOTED,
    ) -> None:
        """Create the stages; ``start`` starts the capture.

        Args:
            source: a source that is already open; None: it is opened from ``spec``. Either is
                reopened as often as necessary.
            channels: the annotated channels.
            pool: the threads that draw and encode; None: the pool that the process shares.
            native: notes which native code runs.
        """
        self.spec = spec
        self.faults = NO_FAULTS
        """The faults that are injected now."""
        self._wanted: frozenset[ChannelKey] = frozenset()
        self._clock = KeyframeClock(ms_to_pts(settings.gop_s * 1000))
        self._pool = pool or shared_pool()
        self._camera_id = camera_id
        self._own_pool = self._new_pool()
        self._delivery = Delivery(emit, self._pool)
        send = self._delivery.send

        def encoder(channel: str) -> ChannelEncoder:
            first = settings.first_sequence
            return ChannelEncoder(channel, UNKNOWN.fps, settings.fragment_ms, send, first, native)

        self._raw = RawEncoder(camera_id, encoder(RAW), self._pool)
        self.annotators = {
            channel.name: Annotator(
                camera_id,
                encoder(channel.name),
                channel.service,
                channel.renderer,
                emit=send,
                pool=self._pool_for(channel.renderer),
                options=channel.detections,
                max_redaction_age_ms=settings.max_redaction_age_ms,
            )
            for channel in channels
        }
        """The stages that draw, by channel name."""
        self._delivery.stages = (self._raw, *self.annotators.values())
        self._capture = Capture(
            camera_id,
            spec,
            source,
            self._clock,
            self._delivery.deliver,
            send,
            opened=self._receive_opening,
            open_timeout_s=settings.open_timeout_s,
            stall_after_ns=round(settings.stall_after_s * NS_PER_S),
            native=native,
        )
        self._injector = FaultInjector(self._capture, list(self.annotators.values()), self._raw)
        if source is not None:
            self._receive_opening(source.info)

    def start(self) -> None:
        """Start the capture."""
        self._capture.start()

    def stop(self) -> None:
        """Stop all stages. Waits up to a second for each, since one may be stuck in a read."""
        self._capture.stop()
        self._injector.inject(NO_FAULTS)
        for stage in self._delivery.stages:
            stage.stop()
        self._own_pool.close()
        self._capture.join(JOIN_TIMEOUT_S)
        for stage in self._delivery.stages:
            stage.join(JOIN_TIMEOUT_S)

    def request_encoders(self, wanted: frozenset[ChannelKey]) -> None:
        """Run exactly these encoders; new ones start at the next frame."""
        added = wanted - self._wanted
        self._wanted = wanted
        self._delivery.wanted = bool(wanted)
        for encoder in self._encoders():
            encoder.wanted = wanted
        self._clock.source_only = SOURCE_KEY in wanted
        if added:
            self._clock.request_keyframe()

    def request_box_deadline(self, channel: str, deadline_ns: int) -> None:
        """Set a channel's box deadline, ns after capture; a frame past it is drawn stale."""
        self.annotators[channel].request_box_deadline(deadline_ns)

    def request_detector(self, channel: str, service: DetectionService) -> None:
        """Detect with this service on a channel from the next frame on; nothing else changes."""
        self.annotators[channel].request_service(service)

    def request_renderer(self, channel: str, renderer: Renderer) -> None:
        """Draw a channel with this renderer from the next frame on, a keyframe if it redacts."""
        annotator = self.annotators[channel]
        if annotator.hangs:  # in a thread of that pool
            self._own_pool.close()
            self._own_pool = self._new_pool()
            for each in self.annotators.values():
                each.request_pool(self._pool_for(each.renderer))
        annotator.request_renderer(renderer, self._pool_for(renderer))
        if redacts(renderer):  # nothing refers to a picture of before
            self._clock.request_keyframe()

    def inject(self, faults: Faults) -> None:
        """Inject these faults from the next frame on, instead of the previous ones."""
        self.faults = faults
        for annotator in self.annotators.values():
            annotator.request_pool(self._pool_for(annotator.renderer))
        # Stalled stages must not block threads that other cameras share.
        self._raw.request_pool(self._own_pool if faults.stalls_stages else self._pool)
        self._injector.inject(faults)

    def check_source(self, now_ns: int) -> SourceChanged | None:
        """Return the source's state as elapsed time shows it; None while it is not open.

        Call it about once a second: a source that delivers no pictures is opened again.
        """
        return self._capture.check(now_ns)

    @property
    def metadata(self) -> CameraMetadata:
        """The camera's properties, as far as they are known now."""
        info, why_not = self._capture.info, self._capture.judge.detail
        return CameraMetadata(
            width=info.width,
            height=info.height,
            fps=info.fps,
            codec=info.codec,
            source_passthrough=info is not UNKNOWN and not why_not,
            source_quality_detail=why_not,
        )

    def encoder_health(self, channel: str) -> PartHealth:
        """Return the current health of the stage that encodes a channel."""
        return self._raw.health if channel == RAW else self.annotators[channel].health

    def renderer_health(self, channel: str) -> PartHealth:
        """Return the current health of an annotated channel's renderer."""
        return self.annotators[channel].renderer_health

    def detector_health(self, channel: str) -> PartHealth:
        """Return the current health of an annotated channel's detector."""
        return DEAD if self.faults.detector_dead else self.annotators[channel].service.health

    @property
    def errors(self) -> list[str]:
        """Why its encoders, renderers and detectors fail now, without duplicates."""
        parts = [self._raw.health]
        for channel in self.annotators:
            parts += (
                self.encoder_health(channel),
                self.renderer_health(channel),
                self.detector_health(channel),
            )
        return list(dict.fromkeys(part.detail for part in parts if part.state == "failing"))

    def counts(self) -> dict[str, int]:
        """Return counters since the camera was added: captured, dropped, fresh, stale by cause."""
        annotators = self.annotators.values()
        return {
            **self._capture.counts,
            **sum((annotator.boxes.counts for annotator in annotators), Counter[str]()),
            **self.fault_counts(),
            "raw_queue_peak": self._raw.peak,
            "annotated_queue_peak": max((each.peak for each in annotators), default=0),
            "box_queue_peak": max((each.boxes.peak for each in annotators), default=0),
            "stage_failures": sum(stage.failures for stage in self._delivery.stages),
            "lost_by_failures": sum(stage.lost for stage in self._delivery.stages),
            "encoders_bounded": sum(encoder.bounded for encoder in self._encoders()),
        }

    def fault_counts(self) -> dict[str, int]:
        """Return counters of the injected faults since the camera was added."""
        return self._injector.counts()

    def _new_pool(self) -> WorkerPool:
        return WorkerPool(f"draw-{self._camera_id}", 2)

    def _pool_for(self, renderer: Renderer) -> WorkerPool:
        """Return the pool to draw in: a user's slow renderer must not delay other cameras."""
        is_quick = is_box_renderer(renderer) and not self.faults.stalls_stages
        return self._pool if is_quick else self._own_pool

    def _receive_opening(self, info: SourceInfo) -> None:
        for encoder in self._encoders():
            encoder.fps = info.fps
        for annotator in self.annotators.values():
            annotator.reserved_rows = info.reserved_rows

    def _encoders(self) -> list[ChannelEncoder]:
        return [self._raw.encoder, *(each.encoder for each in self.annotators.values())]
