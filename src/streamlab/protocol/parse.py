"""The events of a stream, typed and checked, with their bytes decoded: what a reader parses.

Field names are the wire's. Times ending in ``_at`` are Unix seconds, those ending in ``_ns``
monotonic; ``pts`` and ``duration`` are ticks of 1/90000 s on the camera's own timeline. A newer
server is tolerated: an unknown event is None here, unknown fields are not read. Names, texts and
lists are bounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from streamlab.core.channels import ANNOTATED
from streamlab.errors import StreamlabError

PROTOCOL_VERSION = 1
MAX_EVENT_CHARS = 32 * 1024 * 1024
MAX_CHANNELS = 256

Name = Annotated[str, Meta(min_length=1, max_length=64)]
"""The name of a channel. Whether there is such a channel is known to the server alone."""
ViewName = Annotated[str, Meta(max_length=64 * MAX_CHANNELS)]
"""One channel, ``both``, or several names joined by commas."""
Row = tuple[float, float, float, float, str, float | None, int | None]
"""``x1, y1, x2, y2, class_name, score, track_id``, px of the captured frame."""


class ProtocolError(StreamlabError, ValueError):
    """What was received does not follow the protocol, or follows another version of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """The first event of every connection, and so also the first after a reconnect."""

    camera_id: str = ""
    connection_id: str
    stream_id: str
    """Another one than before means another timeline: the camera was started anew."""
    channels: Annotated[tuple[Name, ...], Meta(max_length=MAX_CHANNELS)]
    sync_tolerance_ms: float
    playout_delay_ms: float
    detector: Mapping[str, str] | None = None
    server_time: float
    protocol: Literal[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Init:
    """What a decoder needs before the fragments that name this ``init_id``."""

    camera_id: str = ""
    channel: Name
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
    """One frame of a fragment. Boxes are those drawn on it: on annotated channels only."""

    pts: int
    detections_pts: int | None = None
    """The frame that the boxes were computed on."""
    detections: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """One or more frames of a channel."""

    camera_id: str = ""
    channel: Name
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
    arrived_at: float = field(compare=False, default=0.0)
    arrived_ns: int = field(compare=False, default=0)
    """When it came in, here: never as the server says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detections:
    """The boxes of one frame of a channel, for those who draw themselves."""

    camera_id: str = ""
    channel: Name = ANNOTATED
    pts: int
    detections_pts: int | None
    detections: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSync:
    """How far one annotated channel was released from raw lately, and how fresh its boxes are."""

    drift_ms: float | None = None
    fresh_fraction: float | None = None
    state: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """How far apart the channels were released lately, by the server's measure.

    All fields but ``channels`` are about the worst of the annotated channels that are sent.
    """

    camera_id: str = ""
    drift_ms: float
    is_synchronized: bool
    sync_violations: int
    state: str
    correction: str
    fresh_fraction: float
    playout_delay_ms: float
    sync_tolerance_ms: float
    channels: Annotated[Mapping[Name, ChannelSync], Meta(max_length=MAX_CHANNELS)] = field(
        default_factory=dict
    )
    """By annotated channel; empty from a server that has only one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switched:
    """What follows is another channel or quality; each of its channels starts at a keyframe."""

    camera_id: str = ""
    channel: ViewName
    quality: str
    previous_channel: ViewName
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
    channel: Name
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
    channel: Name
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


def parse_event(
    name: str,
    text: str,
    camera_id: str = "",
    *,
    arrived_at: float = 0.0,
    arrived_ns: int = 0,
) -> Event | None:
    """Return the event of this name and JSON text, or None when the name is not known.

    ``camera_id`` is that of events that do not name theirs; a fragment keeps when it arrived.
    Raises ProtocolError.
    """
    decoder = _DECODERS.get(name)
    if decoder is None:
        return None
    if len(text) > MAX_EVENT_CHARS:
        raise ProtocolError(f"a {name} event of {len(text)} characters")
    try:
        event = decoder.decode(text)
    except (ValueError, RecursionError) as error:  # RecursionError: nested too deeply
        raise ProtocolError(
            f"the server sent a {name} event that cannot be read: {error}",
            hint=f"This client speaks version {PROTOCOL_VERSION} of the protocol.",
        ) from error
    if not event.camera_id:  # nobody else has it yet, and `replace` costs as much as decoding
        object.__setattr__(event, "camera_id", camera_id)
    if isinstance(event, Fragment):  # whatever the server says of it
        object.__setattr__(event, "arrived_at", arrived_at)
        object.__setattr__(event, "arrived_ns", arrived_ns)
    return event
