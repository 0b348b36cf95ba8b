"""What a producer knows of its camera, as values: they can cross the seam."""

from __future__ import annotations

from collections.abc import Mapping

from streamlab.camera.channel_health import channel_health
from streamlab.camera.delivery import PipelineEvent
from streamlab.camera.handover import Handover
from streamlab.camera.pipeline import CameraPipeline
from streamlab.clock import monotonic_ns
from streamlab.core.channels import CameraMetadata, SyncState
from streamlab.core.stats import HISTOGRAM_EDGES_MS, histogram
from streamlab.core.sync.channel_metadata import ChannelMetadata
from streamlab.core.sync.controller import SyncController
from streamlab.core.sync.drift import ChannelSyncStatus
from streamlab.core.sync.settings import SyncSettings
from streamlab.core.time.timebase import NS_PER_MS
from streamlab.detect.render import redacts
from streamlab.faults.definition import Faults
from streamlab.protocol.health import ChannelHealth
from streamlab.protocol.status import SyncFigures, quantiles_of


class ProducerStatus:
    """Reads the pipeline and the controller of one camera."""

    def __init__(
        self,
        pipeline: CameraPipeline,
        controller: SyncController,
        handover: Handover[PipelineEvent],
        max_detection_fps: float,
    ) -> None:
        self.pipeline = pipeline
        self.controller = controller
        self.max_detection_fps = max_detection_fps
        """Limit on the frames per second of this camera that a detector gets; 0: no limit."""
        self._handover = handover

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels, raw first."""
        return self.controller.channels

    @property
    def metadata(self) -> CameraMetadata:
        """Metadata of the source, as far as it is known."""
        return self.pipeline.metadata

    @property
    def redacted(self) -> frozenset[str]:
        """Names of the channels whose renderer redacts."""
        annotators = self.pipeline.annotators
        return frozenset(name for name, each in annotators.items() if redacts(each.renderer))

    @property
    def detectors(self) -> dict[str, dict[str, str]]:
        """``name`` and ``kind`` of the detector of each annotated channel, by channel."""
        detectors = {name: x.service.detector for name, x in self.pipeline.annotators.items()}
        return {name: {"name": x.name, "kind": x.kind} for name, x in detectors.items()}

    @property
    def faults(self) -> Faults:
        """The faults that are being injected now."""
        return self.pipeline.faults

    @property
    def errors(self) -> list[str]:
        """Current errors of the encoders, renderers and detectors, as text."""
        return self.pipeline.errors

    @property
    def counts(self) -> dict[str, int]:
        """Counters of frames since the camera was added, and peaks of its queues."""
        return self.pipeline.counts()

    @property
    def fault_counts(self) -> dict[str, int]:
        """Counters of the injected faults since the camera was added."""
        return self.pipeline.fault_counts()

    @property
    def handover_peak(self) -> int:
        """The most events that have waited for the event loop."""
        return self._handover.peak

    @property
    def sync_settings(self) -> SyncSettings:
        """Synchronisation settings of the channels."""
        return self.controller.settings

    @property
    def sync_state(self) -> SyncState:
        """The worst state of the annotated channels."""
        return self.controller.state

    @property
    def sync_status(self) -> ChannelSyncStatus:
        """Drift and violations of the first annotated channel."""
        return self.controller.meter.status(monotonic_ns())

    @property
    def playout_delay_ms(self) -> float:
        """How long raw waits at most now."""
        return self.controller.playout_delay_ms

    def channel_health(self, channel: str) -> ChannelHealth:
        """Return the current health of a channel."""
        return channel_health(self, channel)

    def channel_metadata(self) -> Mapping[str, ChannelMetadata]:
        """Return the newest release of each channel and how it keeps to raw, by name, raw first."""
        return self.controller.metadata(monotonic_ns())

    def sync_figures(self, window_s: float) -> SyncFigures:
        """Return the synchronisation measured over the last ``window_s`` seconds.

        Its ``camera_id``, ``stream_id`` and ``channels`` are empty: those of the viewers' side.
        """
        now_ns, controller = monotonic_ns(), self.controller
        meter, status = controller.meter, controller.meter.status(now_ns)
        drifts_ms = meter.drifts_ms.values(now_ns, window_s)
        counts = controller.counts + meter.counts
        return SyncFigures(
            camera_id="",
            stream_id="",
            window_s=window_s,
            policy=str(controller.control.policy),
            drift_ms=status.drift_ms,
            is_synchronized=status.is_synchronized,
            state=str(status.state),
            sync_tolerance_ms=meter.tolerance_ms,
            playout_delay_ms=controller.playout_delay_ms,
            box_deadline_ms=controller.control.playout.box_deadline_ns / NS_PER_MS,
            drift_abs_ms=quantiles_of([abs(drift) for drift in drifts_ms]),
            histogram={"edges_ms": list(HISTOGRAM_EDGES_MS), "counts": histogram(drifts_ms)},
            sync_violations=status.violations,
            violations_in_window=sum(abs(drift) > meter.tolerance_ms for drift in drifts_ms),
            corrections={kind: counts[kind] for kind in ("hold", "stale", "release", "re-anchor")},
            added_latency_ms=quantiles_of(controller.delays_ms.values(now_ns, window_s)),
            release_interval_ms=quantiles_of(controller.intervals_ms.values(now_ns, window_s)),
            box_age_ms=quantiles_of(meter.box_ages_ms.values(now_ns, window_s)),
            fresh_fraction=meter.fresh_fraction(now_ns, window_s),
            frames=dict(counts),
            channels={},
            pipeline=self.pipeline.counts(),
        )
