"""What is known of a camera, taken once and shown everywhere: plain values, ready for JSON.

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
"""``count``, ``p50``, ``p95``, ``p99`` and ``max``; without a value all but the count are None."""


def to_plain(value: object) -> Any:
    """Return a status, or a part of one, as dicts, lists and texts."""
    return msgspec.to_builtins(value)


@dataclass(frozen=True, slots=True)
class EncoderStatus:
    """How the encoder of a channel is."""

    state: str
    detail: str


@dataclass(frozen=True, slots=True)
class DetectorStatus:
    """How the detector of a channel is: ``ok``, ``slow``, ``failing`` or ``none``."""

    name: str
    kind: str
    state: str
    detail: str


@dataclass(frozen=True, slots=True)
class RendererStatus:
    """How the renderer of a channel is."""

    name: str
    state: str
    detail: str


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """How an annotated channel keeps to raw, and whether enough of its frames are fresh."""

    state: str
    drift_ms: float | None
    fresh_fraction: float | None
    freshness: str
    """``met`` or ``not_met``."""
    freshness_detail: str


@dataclass(frozen=True, slots=True)
class ChannelHealth:
    """How a channel is; what a raw channel does not have is None."""

    name: str
    kind: str
    encoder: EncoderStatus
    detector: DetectorStatus | None = None
    renderer: RendererStatus | None = None
    sync: SyncStatus | None = None

    def members(self) -> dict[str, object]:
        """Return it as the members of its JSON object; what it does not have is left out."""
        members = {name: getattr(self, name) for name in self.__slots__}
        return {name: to_plain(each) for name, each in members.items() if each is not None}


@dataclass(frozen=True, slots=True)
class RingStatus:
    """The fragments held of one channel and quality, and how many were dropped to make room."""

    held: int
    peak: int
    dropped: int


@dataclass(frozen=True, slots=True)
class ChannelCounts:
    """Fragments released of a channel, and its rings by quality."""

    released: int
    rings: Mapping[str, RingStatus]


@dataclass(frozen=True, slots=True)
class SourceQuality:
    """Whether raw can be the camera's own H.264, and why not."""

    passthrough: bool
    detail: str


@dataclass(frozen=True, slots=True)
class ViewersStatus:
    """Those who watch a camera."""

    connections: int
    subscriptions: Mapping[str, int]
    """By channel."""
    gaps: int
    """Times that one of them was sent a ``gap`` because it was slow."""
    control_events_dropped: int
    switch_ms: Quantiles


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """What the stream of a camera carries, and to whom: cheap to take of thousands of cameras."""

    camera_id: str
    stream_id: str
    source_state: str
    sync_state: str
    viewers: ViewersStatus
    channel_counts: Mapping[str, ChannelCounts]
    counts: Mapping[str, int]
    """Of fragments and switches."""
    dropped_at_source: int
    """Frames."""
    handover_peak: int


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """A camera at one moment."""

    camera_id: str
    stream: StreamStatus
    source: str
    """Without credentials."""
    state: str
    detail: str
    retry_at: float | None
    width: int | None
    """Of a captured frame, px; None, as ``height`` and ``fps``, until there was one."""
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
    """Those injected now, by field; empty without."""
    fault_counts: Mapping[str, int]
    counts: Mapping[str, int]
    """Of frames in the pipeline: captured, dropped, fresh, stale, and peaks of its queues."""

    @property
    def viewers(self) -> ViewersStatus:
        """Those who watch the camera."""
        return self.stream.viewers

    @property
    def sync_state(self) -> str:
        """How well the channels keep together."""
        return self.stream.sync_state

    @property
    def annotated(self) -> ChannelHealth | None:
        """The first annotated channel."""
        return next((each for each in self.channels if each.sync is not None), None)

    @property
    def detector(self) -> DetectorStatus:
        """That of the first annotated channel; without one, of kind ``none``."""
        detector = self.annotated and self.annotated.detector
        return detector or DetectorStatus("none", "none", "none", "")


@dataclass(frozen=True, slots=True)
class SyncFigures:
    """A camera's synchronisation over the last ``window_s``, as ``sync-stats`` answers."""

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
    """How long raw waited."""
    release_interval_ms: Quantiles
    box_age_ms: Quantiles
    fresh_fraction: float | None
    frames: Mapping[str, int]
    channels: Mapping[str, ChannelCounts]
    pipeline: Mapping[str, int]
