"""Snapshots of a camera as plain values, ready for JSON.

The API, metrics, tables, the dashboard and the widget all read these. Field names are the wire's
where the wire has them; times ending in ``_at`` are Unix seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from streamlab.core.stats import quantiles
from streamlab.core.sync.settings import SyncSettings
from streamlab.protocol.health import CameraHealth, ChannelHealth, DetectorStatus

Quantiles = Mapping[str, float | int | None]
"""``count``, ``p50``, ``p95``, ``p99`` and ``max``; without values all but ``count`` are None."""


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
class WorkerStatus:
    """A process that runs cameras."""

    id: str
    host: str
    pid: int | None
    """None while it does not run."""
    version: str
    state: str
    """``starting``, ``running`` or ``lost``."""
    cameras: tuple[str, ...]
    cpu: float
    """Cores that it has used lately."""
    rss_bytes: int
    restarts: int
    hangs: int = 0
    """How often it was ended because it did not react; a restart follows each."""


@dataclass(frozen=True, slots=True)
class DetectorProcessStatus:
    """A process that runs a model for all workers."""

    name: str
    """Of the detector; not always unique."""
    pid: int | None
    """None while it does not run."""
    clients: int
    """Workers that are connected to it."""
    rss_bytes: int
    restarts: int


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
    worker: str | None = None
    """The worker process that runs it; None: the server's own."""

    @property
    def viewers(self) -> ViewersStatus:
        """The viewers of the camera."""
        return self.stream.viewers

    @property
    def sync_state(self) -> str:
        """State of the synchronisation of its channels."""
        return self.stream.sync_state

    @property
    def health(self) -> CameraHealth:
        """Health of its source and of its channels."""
        return CameraHealth(self.state, self.detail, self.retry_at, self.channels)

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


def quantiles_of(values: Sequence[float]) -> Quantiles:
    """Return the count, p50, p95, p99 and max of the values; without values, all None but count."""
    found = quantiles(values)
    if found is None:
        return {"count": 0, "p50": None, "p95": None, "p99": None, "max": None}
    return {name: getattr(found, name) for name in found.__slots__}
