"""The events of a stream, as a client gets them: typed, checked, with their bytes decoded.

Field names are the wire's. Times ending in ``_at`` are Unix seconds, those ending in ``_ns``
monotonic; ``pts`` and ``duration`` are ticks of 1/90000 s on the camera's own timeline. What a
newer server may add is tolerated: unknown events are None here, unknown fields are not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from streamlab.client.problems import ProtocolError
from streamlab.clock import monotonic_ns, wall_s

PROTOCOL_VERSION = 1
Row = tuple[float, float, float, float, str, float | None, int | None]
"""``x1, y1, x2, y2, class_name, score, track_id``, px of the captured frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """The first event of every connection, and so also the first after a reconnect."""

    camera_id: str = ""
    connection_id: str
    stream_id: str
    """Another one than before means another timeline: the camera was started anew."""
    channels: tuple[str, ...]
    sync_tolerance_ms: float
    playout_delay_ms: float
    detector: Mapping[str, str] | None = None
    server_time: float
    protocol: Literal[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Init:
    """What a decoder needs before the fragments that name this ``init_id``."""

    camera_id: str = ""
    channel: str
    quality: str
    init_id: str
    codec: str
    width: int
    height: int
    fps: float
    data: bytes
    """``ftyp`` + ``moov``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameInfo:
    """One frame of a fragment. Boxes are those drawn on it: on the annotated channel only."""

    pts: int
    detections_pts: int | None = None
    """The frame that the boxes were computed on."""
    detections: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """One or more frames of a channel."""

    camera_id: str = ""
    channel: str
    quality: str
    sequence: int
    init_id: str
    pts: int
    duration: int
    keyframe: bool
    cached: bool
    """It was released before the join: part of the newest GOP, which is sent at once."""
    captured_at: float
    released_at: float
    frames: tuple[FrameInfo, ...]
    data: bytes = b""
    """``moof`` + ``mdat``."""
    url: str = ""
    """Where ``data`` was fetched, with ``payload="url"``."""
    arrived_at: float = field(init=False, compare=False, default=0.0)
    arrived_ns: int = field(init=False, compare=False, default=0)

    def __post_init__(self) -> None:  # not by default: a server could send members of these names
        object.__setattr__(self, "arrived_at", wall_s())
        object.__setattr__(self, "arrived_ns", monotonic_ns())


@dataclass(frozen=True, slots=True, kw_only=True)
class Detections:
    """The boxes of one frame, for those who draw themselves."""

    camera_id: str = ""
    pts: int
    detections_pts: int | None
    detections: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """How far apart the two channels were released lately, by the server's measure."""

    camera_id: str = ""
    drift_ms: float
    is_synchronized: bool
    sync_violations: int
    state: str
    correction: str
    fresh_fraction: float
    playout_delay_ms: float
    sync_tolerance_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Switched:
    """What follows is another channel or quality; each of its channels starts at a keyframe."""

    camera_id: str = ""
    channel: str
    quality: str
    previous_channel: str
    at_pts: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Fragments that will not come; the channel goes on at a keyframe.

    ``reason`` is the server's, or ours: ``resume_expired`` when a reconnect came too late for
    this channel, ``no_longer_held`` when the bytes behind a URL were gone, ``source`` when the
    camera was started anew. Both sequences are inclusive, and None where the server does not know
    what was missed.
    """

    camera_id: str = ""
    channel: str
    quality: str = ""
    from_sequence: int | None
    to_sequence: int | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The camera stopped or came back; ``detail`` says why in words."""

    camera_id: str = ""
    state: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a channel is: objects with ``state`` and ``detail``; None for those it does not have."""

    camera_id: str = ""
    channel: str
    encoder: dict[str, Any] | None = None
    detector: dict[str, Any] | None = None
    renderer: dict[str, Any] | None = None
    sync: dict[str, Any] | None = None
    """``state``, ``drift_ms``, ``fresh_fraction``, ``freshness`` and ``freshness_detail``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """Nothing else was sent for a while, and the connection is alive."""

    camera_id: str = ""
    server_time: float


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """The last event of a camera."""

    camera_id: str = ""
    reason: str


Event = (
    Connected
    | Init
    | Fragment
    | Detections
    | Sync
    | Switched
    | Gap
    | Source
    | Health
    | Heartbeat
    | End
)
_DECODERS: dict[str, msgspec.json.Decoder[Event]] = {
    kind.__name__.lower(): msgspec.json.Decoder(kind, strict=False) for kind in Event.__args__
}


def read_event(name: str, text: str, camera_id: str = "") -> Event | None:
    """Return the event of this name and JSON text, or None when the name is not known.

    ``camera_id`` is that of events that do not name theirs. Raises ProtocolError.
    """
    decoder = _DECODERS.get(name)
    if decoder is None:
        return None
    try:
        event = decoder.decode(text)
    except (ValueError, RecursionError) as error:  # RecursionError: nested too deeply
        raise ProtocolError(
            f"the server sent a {name} event that cannot be read: {error}",
            hint=f"This client speaks version {PROTOCOL_VERSION} of the protocol.",
        ) from error
    if not event.camera_id:  # nobody else has it yet, and `replace` costs as much as decoding
        object.__setattr__(event, "camera_id", camera_id)
    return event
