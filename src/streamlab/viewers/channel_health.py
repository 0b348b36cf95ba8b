"""Health of a channel: its encoder, detector, renderer and synchronisation."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from streamlab.camera import CameraPipeline
from streamlab.clock import monotonic_ns
from streamlab.core.channels import ANNOTATED, RAW, SyncState
from streamlab.core.stream.dual_channel import DualChannelStream
from streamlab.core.sync.freshness import Freshness
from streamlab.detect.render import redacts, renderer_name
from streamlab.protocol.status import (
    ChannelHealth,
    DetectorStatus,
    EncoderStatus,
    RendererStatus,
    SyncStatus,
)
from streamlab.viewers.event_log import EventLog
from streamlab.viewers.fan_out import FanOut


class CameraParts(Protocol):
    """The parts of a camera that its health is read from, and the readers to notify."""

    pipeline: CameraPipeline
    stream: DualChannelStream
    fan_out: FanOut
    max_detection_fps: float
    camera_id: str
    events: EventLog


class ChannelStates(NamedTuple):
    """The states of a channel that are reported when one changes."""

    encoder_fails: bool
    detector: str = "none"
    renderer_fails: bool = False
    redacts: bool = False
    sync: SyncState = SyncState.SYNCHRONIZED
    is_fresh: bool = True


def channel_states(camera: CameraParts, channel: str) -> ChannelStates:
    """Return the states of a channel; when one changes, its ``health`` is sent."""
    pipeline = camera.pipeline
    if channel == RAW:
        return ChannelStates(bool(pipeline.encoder_error(channel)))
    sync = camera.stream.controller.annotated[channel]
    return ChannelStates(
        bool(pipeline.encoder_error(channel)),
        pipeline.detector_health(channel).state,
        bool(pipeline.annotators[channel].renderer_error),
        redacts(pipeline.annotators[channel].renderer),
        sync.meter.state,
        sync.freshness.met,
    )


def channel_health(camera: CameraParts, channel: str) -> ChannelHealth:
    """Return the current health of a channel."""
    pipeline = camera.pipeline
    encoder = EncoderStatus(*_state(pipeline.encoder_error(channel)))
    if channel == RAW:
        return ChannelHealth(RAW, RAW, encoder)
    annotator, health = pipeline.annotators[channel], pipeline.detector_health(channel)
    detector = annotator.service.detector
    return ChannelHealth(
        channel,
        ANNOTATED,
        encoder,
        DetectorStatus(detector.name, detector.kind, health.state, health.detail),
        RendererStatus(
            renderer_name(annotator.renderer),
            *_state(annotator.renderer_error),
            redacts(annotator.renderer),
        ),
        _sync(camera, channel),
    )


def _state(error: str) -> tuple[str, str]:
    return "failing" if error else "ok", error


def _sync(camera: CameraParts, channel: str) -> SyncStatus:
    meter, now_ns = camera.stream.controller.annotated[channel].meter, monotonic_ns()
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
    found = camera.stream.controller.annotated[channel].freshness
    limit_fps = camera.max_detection_fps
    if not found.met and camera.pipeline.detector_health(channel).state == "failing":
        return Freshness(False, "The detector is failing.")
    if found.met or not limit_fps or limit_fps >= float(camera.pipeline.metadata.fps):
        return found
    detail = f"At most {limit_fps:g} frames a second are detected (max_detection_fps)."
    return Freshness(False, detail)


def describe(health: ChannelHealth) -> str:
    """Return what is wrong with a channel, in words, or that it is well."""
    parts = {
        "encoder": health.encoder,
        "renderer": health.renderer,
        "detector": health.detector,
    }
    wrong = [
        f"the {name} is {part.state}{f': {part.detail}' if part.detail else ''}"
        for name, part in parts.items()
        if part is not None and part.state not in ("ok", "none")
    ]
    if health.sync is not None and health.sync.freshness_detail:
        wrong.append(f"too few fresh boxes: {health.sync.freshness_detail}")
    return f"Channel {health.name}: {'; '.join(wrong) or 'all is well'}".rstrip(".") + "."
