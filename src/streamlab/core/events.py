"""Control events of a stream, named as in the wire protocol; ``protocol.sse`` serializes them.

Field names are those on the wire. Times ending in ``_at`` and ``server_time`` are Unix seconds;
``pts`` and ``duration`` are ticks of 1/90000 s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, TypedDict

from streamlab.core.channels import QualityLevel, SourceState, SyncState, View
from streamlab.core.mp4.fragment import WireBox

PROTOCOL_VERSION = 1

Correction = Literal["none", "hold", "stale", "release", "re-anchor"]
SwitchReason = Literal["client", "degraded", "quality"]
GapReason = Literal["slow_client", "source", "resume_expired"]
EndReason = Literal["camera_removed", "source_ended", "server_shutdown", "slow_client"]


@dataclass(frozen=True, slots=True)
class Connected:
    """The first event of a connection."""

    name: ClassVar[str] = "connected"
    connection_id: str
    stream_id: str
    camera_id: str
    channels: list[str]
    sync_tolerance_ms: float
    playout_delay_ms: float
    detector: dict[str, str] | None
    server_time: float
    protocol: int = PROTOCOL_VERSION


@dataclass(frozen=True, slots=True)
class Detections:
    """The detections of one frame, for clients that draw them themselves."""

    name: ClassVar[str] = "detections"
    channel: str
    pts: int
    detections_pts: int | None
    detections: list[WireBox]


class ChannelSync(TypedDict):
    """The synchronization of one annotated channel with raw; None where nothing was measured."""

    drift_ms: float | None
    fresh_fraction: float | None
    state: SyncState


@dataclass(slots=True)
class Sync:
    """How far apart the channels were released lately: ``channels``, by annotated channel.

    The other fields are those of the worst channel. Treat instances as immutable: every stream
    creates one per second, and ``frozen`` would triple the cost.
    """

    name: ClassVar[str] = "sync"
    drift_ms: float
    is_synchronized: bool
    sync_violations: int
    state: SyncState
    correction: Correction
    fresh_fraction: float
    playout_delay_ms: float
    sync_tolerance_ms: float
    channels: Mapping[str, ChannelSync]


@dataclass(frozen=True, slots=True)
class Switched:
    """The connection changes to another view or quality at ``at_pts``."""

    name: ClassVar[str] = "switched"
    channel: View
    quality: QualityLevel
    previous_channel: View
    at_pts: int
    reason: SwitchReason


@dataclass(frozen=True, slots=True)
class Gap:
    """A range of fragments that this client will not receive; the channel resumes at a keyframe.

    Both sequences are inclusive, and None where nothing is known of what was missed.
    """

    name: ClassVar[str] = "gap"
    channel: str
    quality: QualityLevel
    from_sequence: int | None
    to_sequence: int | None
    reason: GapReason


@dataclass(frozen=True, slots=True)
class SourceStateChanged:
    """The source of the camera changed state; ``detail`` is the reason in plain text."""

    name: ClassVar[str] = "source"
    state: SourceState
    detail: str


@dataclass(frozen=True, slots=True)
class Health:
    """The health of a channel. On the wire, members of ``report`` are siblings of ``channel``."""

    name: ClassVar[str] = "health"
    channel: str
    report: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Shows that the connection is alive when nothing else was sent for a while."""

    name: ClassVar[str] = "heartbeat"
    server_time: float


@dataclass(frozen=True, slots=True)
class End:
    """The last event of a connection."""

    name: ClassVar[str] = "end"
    reason: EndReason


ControlEvent = (
    Connected | Detections | Sync | Switched | Gap | SourceStateChanged | Health | Heartbeat | End
)
