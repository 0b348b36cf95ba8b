"""Health of a channel: its encoder, detector, renderer and synchronisation."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from streamlab.camera.pipeline import CameraPipeline
from streamlab.clock import monotonic_ns
from streamlab.core.channels import ANNOTATED, RAW, SyncState
from streamlab.core.sync.controller import SyncController
from streamlab.core.sync.freshness import Freshness
from streamlab.detect.render import redacts, renderer_name
from streamlab.detect.text import printable
from streamlab.protocol.health import (
    ChannelHealth,
    DetectorStatus,
    EncoderStatus,
    RendererStatus,
    SyncStatus,
)


class CameraParts(Protocol):
    """The parts of a camera that its health is read from."""

    pipeline: CameraPipeline
    controller: SyncController
    max_detection_fps: float


class ChannelStates(NamedTuple):
    """The states of a channel that are reported when one changes."""

    encoder: str
    detector: str = "none"
    renderer: str = "none"
    redacts: bool = False
    sync: SyncState = SyncState.SYNCHRONIZED
    is_fresh: bool = True


def channel_states(camera: CameraParts, channel: str) -> ChannelStates:
    """Return the states of a channel; when one changes, its ``health`` is sent."""
    pipeline = camera.pipeline
    if channel == RAW:
        return ChannelStates(pipeline.encoder_health(channel).state)
    sync = camera.controller.annotated[channel]
    return ChannelStates(
        pipeline.encoder_health(channel).state,
        pipeline.detector_health(channel).state,
        pipeline.renderer_health(channel).state,
        redacts(pipeline.annotators[channel].renderer),
        sync.meter.state,
        sync.freshness.met,
    )


def channel_health(camera: CameraParts, channel: str) -> ChannelHealth:
    """Return the current health of a channel."""
    pipeline = camera.pipeline
    encoding = pipeline.encoder_health(channel)
    encoder = EncoderStatus(encoding.state, encoding.detail)
    if channel == RAW:
        return ChannelHealth(RAW, RAW, encoder)
    annotator = pipeline.annotators[channel]
    detector = annotator.service.detector
    detecting, drawing = pipeline.detector_health(channel), pipeline.renderer_health(channel)
    return ChannelHealth(
        channel,
        ANNOTATED,
        encoder,
        DetectorStatus(
            printable(str(detector.name)), str(detector.kind), detecting.state, detecting.detail
        ),
        RendererStatus(
            renderer_name(annotator.renderer),
            drawing.state,
            drawing.detail,
            redacts(annotator.renderer),
        ),
        _sync(camera, channel),
    )


def _sync(camera: CameraParts, channel: str) -> SyncStatus:
    meter, now_ns = camera.controller.annotated[channel].meter, monotonic_ns()
    status, fresh = meter.status(now_ns), meter.fresh_lately(now_ns)
    freshness = _freshness(camera, channel)
    return SyncStatus(
        state=str(status.state),
        drift_ms=None if status.drift_ms is None else round(status.drift_ms, 3),
        fresh_fraction=None if fresh is None else round(fresh, 4),
        freshness="met" if freshness.met else "not_met",
        freshness_detail=freshness.detail,
    )


def _freshness(camera: CameraParts, channel: str) -> Freshness:
    """Return whether enough frames show their own detections and, if not, what is too slow."""
    found = camera.controller.annotated[channel].freshness
    limit_fps = camera.max_detection_fps
    if not found.met and camera.pipeline.detector_health(channel).state == "failing":
        return Freshness(False, "The detector is failing.")
    if found.met or not limit_fps or limit_fps >= float(camera.pipeline.metadata.fps):
        return found
    detail = f"At most {limit_fps:g} frames a second are detected (max_detection_fps)."
    return Freshness(False, detail)
