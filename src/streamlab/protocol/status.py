"""Snapshots of a camera as plain values, ready for JSON.

The API, metrics, tables, the dashboard and the widget all read these. Field names are the wire's
where the wire has them; times ending in ``_at`` are Unix seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from streamlab.core.sync.settings import SyncSettings

Quantiles = Mapping[str, float | int | None]
"""``count``, ``p50``, ``p95``, ``p99`` and ``max``; without values all but ``count`` are None."""


def to_plain(value: object) -> Any:
    """Convert a status, or a part of one, to dicts, lists, strings and numbers."""
    return msgspec.to_builtins(value)


@dataclass(frozen=True, slots=True)
class EncoderStatus:
    """State of the encoder of a channel."""

    state: str
    detail: str


@dataclass(frozen=True, slots=True)
class DetectorStatus:
    """State of the detector of a channel: ``ok``, ``slow``, ``failing`` or ``none``."""

    name: str
    kind: str
    state: str
    detail: str


@dataclass(frozen=True, slots=True)
class RendererStatus:
    """State of the renderer of a channel, and whether it is marked as redacting."""

    name: str
    state: str
    detail: str
    redacts: bool = False


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """Drift of an annotated channel from raw, and whether enough of its frames are fresh."""

    state: str
    drift_ms: float | None
    fresh_fraction: float | None
    freshness: str
    """``met`` or ``not_met``."""
    freshness_detail: str


@dataclass(frozen=True, slots=True)
class ChannelHealth:
    """Health of a channel; the parts that a raw channel lacks are None."""

    name: str
    kind: str
    encoder: EncoderStatus
    detector: DetectorStatus | None = None
    renderer: RendererStatus | None = None
    sync: SyncStatus | None = None

    def members(self) -> dict[str, object]:
        """Return the members of its JSON object, without those that are None.

        A renderer has ``redacts`` only if it is true.
        """
        parts = {name: getattr(self, name) for name in self.__slots__}
        members = {name: to_plain(each) for name, each in parts.items() if each is not None}
        if self.renderer is not None and not self.renderer.redacts:
            del members["renderer"]["redacts"]
        return members


@dataclass(frozen=True, slots=True)
class RingStatus:
    """Number of fragments held for one channel and quality, and dropped to make room."""

    held: int
    peak: int
    dropped: int


@dataclass(frozen=True, slots=True)
class ChannelCounts:
    """Number of fragments released on a channel, and its rings by quality."""

    released: int
    rings: Mapping[str, RingStatus]


@dataclass(frozen=True, slots=True)
class SourceQuality:
    """Passthrough of the camera's own H.264 on raw, and the reason if it is not possible."""

    passthrough: bool
    detail: str


@dataclass(frozen=True, slots=True)
class ViewersStatus:
    """The viewers of a camera."""

    connections: int
    subscriptions: Mapping[str, int]
    """By channel."""
    gaps: int
    """Number of ``gap`` events sent to them because they were slow."""
    control_events_dropped: int
    switch_ms: Quantiles


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """Channels, viewers and counters of one stream; cheap enough for thousands of cameras."""

    camera_id: str
    stream_id: str
    source_state: str
    sync_state: str
    viewers: ViewersStatus
    channel_counts: Mapping[str, ChannelCounts]
    counts: Mapping[str, int]
    """Fragments and switches."""
    dropped_at_source: int
    """Frames."""
    handover_peak: int


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """Snapshot of one camera."""

    camera_id: str
    stream: StreamStatus
    source: str
    """Without credentials."""
    state: str
    detail: str
    retry_at: float | None
    width: int | None
    """Of a captured frame, px; like ``height`` and ``fps``, None before the first frame."""
    height: int | None
    fps: float | None
    codec: str | None
    qualities: tuple[str, ...]
    source_quality: SourceQuality
    channels: tuple[ChannelHealth, ...]
    errors: tuple[str, ...]
    sync: SyncSettings
    drift_ms: float | None
    sync_violations: int
    playout_delay_ms: float
    faults: Mapping[str, object]
    """Faults injected now, by field; empty if there are none."""
    fault_counts: Mapping[str, int]
    counts: Mapping[str, int]
    """Frames in the pipeline: captured, dropped, fresh, stale; and peaks of its queues."""

    @property
    def viewers(self) -> ViewersStatus:
        """The viewers of the camera."""
        return self.stream.viewers

    @property
    def sync_state(self) -> str:
        """State of the synchronisation of its channels."""
        return self.stream.sync_state

    @property
    def annotated(self) -> ChannelHealth | None:
        """The first annotated channel, or None."""
        return next((each for each in self.channels if each.sync is not None), None)

    @property
    def detector(self) -> DetectorStatus:
        """The detector of the first annotated channel; without one, of kind ``none``."""
        detector = self.annotated and self.annotated.detector
        return detector or DetectorStatus("none", "none", "none", "")


@dataclass(frozen=True, slots=True)
class SyncFigures:
    """A camera's synchronisation over the last ``window_s``, as ``sync-stats`` returns it."""

    camera_id: str
    stream_id: str
    window_s: float
    policy: str
    drift_ms: float | None
    is_synchronized: bool
    state: str
    sync_tolerance_ms: float
    playout_delay_ms: float
    box_deadline_ms: float
    drift_abs_ms: Quantiles
    histogram: Mapping[str, list[float] | list[int]]
    sync_violations: int
    violations_in_window: int
    corrections: Mapping[str, int]
    added_latency_ms: Quantiles
    """How long raw frames waited after they were ready."""
    release_interval_ms: Quantiles
    box_age_ms: Quantiles
    fresh_fraction: float | None
    frames: Mapping[str, int]
    channels: Mapping[str, ChannelCounts]
    pipeline: Mapping[str, int]
