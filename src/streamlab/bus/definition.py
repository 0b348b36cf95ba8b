"""A camera as values that another process can make the same camera of."""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterable, Sequence
from typing import Any

from streamlab.bus.requests import CameraDefinition, ChannelDefinition, ProcessDetector
from streamlab.camera.capture import UNKNOWN
from streamlab.camera.pipeline import AnnotatedChannel
from streamlab.camera.producer_report import ProducerReport
from streamlab.core.channels import ANNOTATED, RAW, CameraMetadata, SyncState
from streamlab.core.sync.channel_metadata import ChannelMetadata
from streamlab.core.sync.drift import ChannelSyncStatus
from streamlab.core.sync.settings import SyncSettings
from streamlab.detect.detector import Detector
from streamlab.detect.load import Origin, recipe_of
from streamlab.detect.remote.pooled import PooledDetector
from streamlab.detect.render import Renderer, redacts, renderer_name
from streamlab.errors import InvalidRequestError
from streamlab.faults.definition import NO_FAULTS
from streamlab.media.spec import SourceSpec
from streamlab.protocol.health import (
    ChannelHealth,
    DetectorStatus,
    EncoderStatus,
    RendererStatus,
    SyncStatus,
)
from streamlab.settings import Settings

_NO_SECRETS: dict[str, Any] = {
    "tokens": [],
    "admin_tokens": [],
    "unredacted_tokens": [],
    "credentials": {},
}


class NotMovableError(InvalidRequestError):
    """A detector or a renderer exists in this process only."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"{why}: it cannot be used in a worker process",
            hint="Name a model, or run the cameras without worker processes (workers=0).",
        )


def definition_of(
    camera_id: str,
    spec: SourceSpec,
    channels: Sequence[AnnotatedChannel],
    settings: Settings,
    first_sequence: int,
) -> CameraDefinition:
    """Describe a camera. Raises NotMovableError."""
    movable = tuple(
        ChannelDefinition(
            each.name,
            _not_shared_yet(each.service.detector),
            movable_renderer(each.renderer),
            each.detections,
        )
        for each in channels
    )
    return CameraDefinition(camera_id, spec, movable, without_secrets(settings), first_sequence)


class _Pickler(pickle.Pickler):
    """Refuses what the running program, or a notebook, defines: other processes do not have it."""

    def reducer_override(self, value: object) -> Any:
        """Refuse a function, a class, or an object of such a class; called for each."""
        if getattr(value, "__module__", None) == "__main__":
            raise pickle.PicklingError("it is defined in the running program")
        return NotImplemented


def without_secrets(settings: Settings) -> Settings:
    """Return what a worker may know of the settings; it can be pickled."""
    fields = {name: getattr(settings, name) for name in Settings.model_fields}
    return Settings.model_construct(**{**fields, **_NO_SECRETS})


def movable_origin(detector: Detector) -> Origin:
    """Return what another process can get a detector by. Raises NotMovableError."""
    origin = detector.origin if isinstance(detector, PooledDetector) else recipe_of(detector)
    if origin is None:
        raise NotMovableError(f"detector {detector.name} was not loaded by name")
    return origin


def movable_renderer(renderer: Renderer) -> bytes:
    """Return a renderer pickled for another process. Raises NotMovableError."""
    pickled = io.BytesIO()
    try:
        _Pickler(pickled).dump(renderer)
    except (pickle.PicklingError, AttributeError, TypeError):
        raise NotMovableError(f"renderer {renderer_name(renderer)} is code") from None
    return pickled.getvalue()


def _not_shared_yet(detector: Detector) -> ProcessDetector:
    movable_origin(detector)
    return ProcessDetector(0, detector.name, detector.kind)


def description(detector: Detector) -> dict[str, str]:
    """Return ``name`` and ``kind`` of a detector."""
    return {"name": detector.name, "kind": detector.kind}


def redacted_channels(channels: Iterable[AnnotatedChannel]) -> frozenset[str]:
    """Return the names of the channels whose renderer redacts."""
    return frozenset(each.name for each in channels if redacts(each.renderer))


def first_report(
    definition: CameraDefinition, channels: Sequence[AnnotatedChannel]
) -> ProducerReport:
    """Return what is known of a camera before its worker has reported."""
    settings = definition.settings
    names = (RAW, *(channel.name for channel in channels))
    sync = SyncSettings(
        settings.sync_tolerance_ms,
        settings.sync_policy,
        settings.max_playout_delay_ms,
        settings.max_stale_fraction,
    )
    healths = {channel.name: _first_health(channel) for channel in channels}
    report = ProducerReport(
        channels=names,
        metadata=CameraMetadata(0, 0, UNKNOWN.fps, "", False, ""),
        redacted=redacted_channels(channels),
        detectors={each.name: description(each.service.detector) for each in channels},
        faults=NO_FAULTS,
        errors=[],
        counts={},
        fault_counts={},
        handover_peak=0,
        sync_numbers=(0.0, 0.0, 0.0),
        sync_policy="",
        sync_state=SyncState.SYNCHRONIZED,
        sync_status=ChannelSyncStatus(None, True, 0, SyncState.SYNCHRONIZED),
        playout_delay_ms=0.0,
        healths={RAW: ChannelHealth(RAW, RAW, EncoderStatus("ok")), **healths},
        newest={name: ChannelMetadata(name) for name in names},
    )
    report.sync_settings = sync
    return report


def _first_health(channel: AnnotatedChannel) -> ChannelHealth:
    detector = channel.service.detector
    state = channel.service.health.state
    return ChannelHealth(
        channel.name,
        ANNOTATED,
        EncoderStatus("ok"),
        DetectorStatus(detector.name, detector.kind, state),
        RendererStatus(renderer_name(channel.renderer), "ok", "", redacts(channel.renderer)),
        SyncStatus(str(SyncState.SYNCHRONIZED), None, None, "met"),
    )
