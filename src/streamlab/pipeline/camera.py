"""A camera: one capture, one detector's door, two channels."""

from __future__ import annotations

from dataclasses import dataclass

from streamlab.core.channels import (
    CameraMetadata,
    ChannelKey,
    ChannelType,
)
from streamlab.core.keyframes import KeyframeClock
from streamlab.core.timebase import NS_PER_S, ms_to_pts
from streamlab.detect.draw import BoxRenderer
from streamlab.detect.filter import EVERYTHING, DetectionOptions
from streamlab.detect.health import DetectorHealth
from streamlab.detect.render import Renderer
from streamlab.faults.definition import NO_FAULTS, Faults
from streamlab.faults.injection import FaultInjector
from streamlab.media.source import OPEN_TIMEOUT_S, Source, SourceInfo
from streamlab.media.spec import SourceSpec
from streamlab.pipeline.annotate import Annotator, RawEncoder
from streamlab.pipeline.capture import UNKNOWN, Capture
from streamlab.pipeline.delivery import Delivery, Emit
from streamlab.pipeline.detection import DetectionService
from streamlab.pipeline.frame import CapturedFrame, SourceChanged
from streamlab.pipeline.lane import SOURCE_KEY, EncodingLane
from streamlab.pipeline.worker import Crew, shared_crew

JOIN_TIMEOUT_S = 1.0
DEAD = DetectorHealth("failing", "the detector is dead: an injected fault")


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """What a pipeline needs to know of the settings."""

    gop_s: float = 1.0
    fragment_ms: float = 0.0
    first_sequence: int = 1
    detections: DetectionOptions = EVERYTHING
    """What the camera wants of its detector."""
    open_timeout_s: float = OPEN_TIMEOUT_S
    stall_after_s: float = 2.0


class CameraPipeline:
    """Runs one camera. ``emit`` is called from its threads."""

    def __init__(
        self,
        camera_id: str,
        spec: SourceSpec,
        source: Source | None,
        service: DetectionService,
        renderer: Renderer,
        settings: PipelineSettings,
        emit: Emit,
        crew: Crew | None = None,
    ) -> None:
        """``source``: one that is open; None: the camera opens its own, as often as it must.

        ``crew``: the threads that draw and encode; those that the process shares when None.
        """
        self.spec = spec
        self.service = service
        self.faults = NO_FAULTS
        """What is wrong on purpose, now."""
        self._wanted: frozenset[ChannelKey] = frozenset()
        self._clock = KeyframeClock(ms_to_pts(settings.gop_s * 1000))
        self._delivery = Delivery(emit)
        send = self._delivery.send
        raw, annotated = (
            EncodingLane(channel, UNKNOWN.fps, settings.fragment_ms, send, settings.first_sequence)
            for channel in ChannelType
        )
        self._crew = crew or shared_crew()
        self._own_crew = Crew(f"draw-{camera_id}", 2)
        self._raw = RawEncoder(camera_id, raw, self._crew)
        self._annotator = Annotator(
            camera_id,
            annotated,
            service,
            renderer,
            emit=send,
            crew=self._crew_for(renderer),
            options=settings.detections,
        )
        self._capture = Capture(
            camera_id,
            spec,
            source,
            self._clock,
            self._deliver,
            send,
            opened=self._receive_opening,
            open_timeout_s=settings.open_timeout_s,
            stall_after_ns=round(settings.stall_after_s * NS_PER_S),
        )
        self._injector = FaultInjector(self._capture, self._annotator, self._raw)
        if source is not None:
            self._receive_opening(source.info)

    def start(self) -> None:
        """Start reading."""
        self._capture.start()

    def stop(self) -> None:
        """Stop all stages; waits for each up to a second (one may be stuck in a read)."""
        self._capture.stop()
        self._injector.inject(NO_FAULTS)
        self._annotator.stop()
        self._raw.stop()
        self._own_crew.close()
        self._capture.join(JOIN_TIMEOUT_S)
        self._annotator.join(JOIN_TIMEOUT_S)
        self._raw.join(JOIN_TIMEOUT_S)

    def request_encoders(self, wanted: frozenset[ChannelKey]) -> None:
        """Run exactly these encoders; new ones begin at the next frame."""
        added = wanted - self._wanted
        self._wanted = wanted
        self._raw.lane.wanted = self._annotator.lane.wanted = wanted
        self._clock.source_only = SOURCE_KEY in wanted
        if added:
            self._clock.request_keyframe()

    def request_box_deadline(self, deadline_ns: int) -> None:
        """Draw a frame with older boxes this long after it came."""
        self._annotator.request_box_deadline(deadline_ns)

    def request_detector(self, service: DetectionService) -> None:
        """Ask this detector from the next frame on; nothing else changes."""
        self.service = service
        self._annotator.request_service(service)

    def request_renderer(self, renderer: Renderer) -> None:
        """Draw with this renderer from the next frame on."""
        self._annotator.renderer = renderer
        self._annotator.renderer_error = ""
        self._annotator.request_crew(self._crew_for(renderer))

    @property
    def renderer(self) -> Renderer:
        """What draws now."""
        return self._annotator.renderer

    def inject(self, faults: Faults) -> None:
        """Have these faults from the next frame on, instead of those before."""
        self.faults = faults
        self._annotator.request_crew(self._crew_for(self.renderer))
        # Stages that wait must not keep other cameras waiting.
        self._raw.request_crew(self._own_crew if faults.stalls_stages else self._crew)
        self._injector.inject(faults)

    def check_source(self, now_ns: int) -> SourceChanged | None:
        """Return how the source is, as far as time alone tells; None while it is not open.

        To be called once a second or so: a source that gives no picture is opened anew.
        """
        return self._capture.check(now_ns)

    @property
    def metadata(self) -> CameraMetadata:
        """What the camera is, as far as is known now."""
        info, why_not = self._capture.info, self._capture.judge.detail
        return CameraMetadata(
            width=info.width,
            height=info.height,
            fps=info.fps,
            codec=info.codec,
            source_passthrough=info is not UNKNOWN and not why_not,
            source_quality_detail=why_not,
        )

    @property
    def renderer_error(self) -> str:
        """Why the newest frame could not be drawn; empty once one could."""
        return self._annotator.renderer_error

    def encoder_error(self, channel: str) -> str:
        """Return why a channel's encoding has ended, or an empty string."""
        return self._raw.error if channel == ChannelType.RAW else self._annotator.error

    @property
    def detector_health(self) -> DetectorHealth:
        """How this camera's detector is doing now."""
        return DEAD if self.faults.detector_dead else self.service.health

    @property
    def errors(self) -> list[str]:
        """What went wrong in its threads, in words."""
        annotator = self._annotator
        own = (self._raw.error, annotator.error, annotator.renderer_error)
        dead = DEAD.detail if self.faults.detector_dead else ""
        return [text for text in (*own, self.service.error, dead) if text]

    def counts(self) -> dict[str, int]:
        """Counters since the camera was added: captured, dropped, fresh, stale by cause."""
        peaks = {
            "raw_queue_peak": self._raw.peak,
            "annotated_queue_peak": self._annotator.peak,
            "box_queue_peak": self._annotator.boxes.peak,
        }
        return {
            **self._capture.counts,
            **self._annotator.boxes.counts,
            **self.fault_counts(),
            **peaks,
            "encoders_bounded": self._raw.lane.bounded + self._annotator.lane.bounded,
        }

    def fault_counts(self) -> dict[str, int]:
        """Counters of what faults have done since the camera was added."""
        return self._injector.counts()

    def _crew_for(self, renderer: Renderer) -> Crew:
        """Return who draws: a user's renderer may take its time, and must not take the others'."""
        is_quick = isinstance(renderer, BoxRenderer) and not self.faults.stalls_stages
        return self._crew if is_quick else self._own_crew

    def _receive_opening(self, info: SourceInfo) -> None:
        self._raw.lane.fps = self._annotator.lane.fps = info.fps
        self._annotator.reserved_rows = info.reserved_rows

    def _deliver(self, captured: CapturedFrame) -> bool:
        """Hand a frame to both channels, or to none: both show the same frames."""
        if not self._wanted:
            return True
        if not (self._raw.has_room() and self._annotator.has_room()):
            return False
        shares_crew = self._annotator.crew is self._raw.crew is self._crew
        self._delivery.deliver(captured, (self._raw, self._annotator), may_run=shares_crew)
        return True
