"""The events of a stream as a reader parses them: typed, validated, with binary data decoded.

Field names are the wire's. Times ending in ``_at`` are Unix seconds, those ending in ``_ns``
monotonic; ``pts`` and ``duration`` are ticks of 1/90000 s on the camera's own timeline. A newer
server is tolerated: an unknown event is parsed as None, unknown fields are ignored. Names, texts
and lists are bounded.
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
"""The name of a channel. Only the server knows which channels exist."""
ViewName = Annotated[str, Meta(max_length=64 * MAX_CHANNELS)]
"""One channel, ``both``, or several channels joined by commas."""
Row = tuple[float, float, float, float, str, float | None, int | None]
"""One detection: ``x1, y1, x2, y2, class_name, score, track_id``, px of the captured frame."""


class ProtocolError(StreamlabError, ValueError):
    """The received data violates the protocol, or follows another version of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """The first event of every connection, hence also the first after a reconnect."""

    camera_id: str = ""
    connection_id: str
    stream_id: str
    """A new value means a new timeline: the camera was restarted."""
    channels: Annotated[tuple[Name, ...], Meta(max_length=MAX_CHANNELS)]
    sync_tolerance_ms: float
    playout_delay_ms: float
    detector: Mapping[str, str] | None = None
    server_time: float
    protocol: Literal[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Init:
    """The init segment that a decoder needs before the fragments with this ``init_id``."""

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
    """One frame of a fragment, with the detections drawn on it (annotated channels only)."""

    pts: int
    detections_pts: int | None = None
    """The pts of the frame that the detections were computed on."""
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
    """It was released before the viewer joined: part of the newest GOP, which is sent at once."""
    captured_at: float
    released_at: float
    frames: tuple[FrameInfo, ...]
    data: bytes = b""
    """``moof`` + ``mdat``."""
    url: str = ""
    """The URL that ``data`` is fetched from, with ``payload="url"``."""
    arrived_at: float = field(compare=False, default=0.0)
    arrived_ns: int = field(compare=False, default=0)
    """When it arrived, by the local clocks; a value sent by the server is ignored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detections:
    """The detections of one frame of a channel, for viewers that draw them themselves."""

    camera_id: str = ""
    channel: Name = ANNOTATED
    pts: int
    detections_pts: int | None
    detections: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSync:
    """Recent drift of one annotated channel from raw, and the freshness of its detections."""

    drift_ms: float | None = None
    fresh_fraction: float | None = None
    state: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """Recent drift between the channels at release, as measured by the server.

    All fields but ``channels`` are those of the worst annotated channel that is sent.
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
    """By annotated channel; empty from a server with only one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switched:
    """Another channel or quality follows; each of its channels starts at a keyframe."""

    camera_id: str = ""
    channel: ViewName
    quality: str
    previous_channel: ViewName
    at_pts: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Fragments that will not be delivered; the channel continues at a keyframe.

    ``reason`` is set by the server or by this client: ``resume_expired`` if a reconnect came too
    late for this channel, ``no_longer_held`` if the bytes behind a URL were gone, ``source`` if
    the camera was restarted. Both sequences are inclusive, and None if the server does not know
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
    """The camera stopped or came back; ``detail`` is the reason as text."""

    camera_id: str = ""
    state: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Health of a channel: objects with ``state`` and ``detail``; None for parts it lacks."""

    camera_id: str = ""
    channel: Name
    encoder: dict[str, Any] | None = None
    detector: dict[str, Any] | None = None
    renderer: dict[str, Any] | None = None
    sync: dict[str, Any] | None = None
    """``state``, ``drift_ms``, ``fresh_fraction``, ``freshness`` and ``freshness_detail``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """Sent after a while without other events, to show that the connection is alive."""

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
    """Parse one event.

    Args:
        name: the event name.
        text: its JSON data.
        camera_id: camera of events that do not name one.
        arrived_at: when it arrived, Unix seconds; kept in a ``Fragment``.
        arrived_ns: when it arrived, monotonic; kept in a ``Fragment``.

    Returns:
        The event, or None if its name is unknown.

    Raises:
        ProtocolError: the text is too long or not a valid event of this name.
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
    if not event.camera_id:  # not shared yet, and `replace` costs as much as decoding
        object.__setattr__(event, "camera_id", camera_id)
    if isinstance(event, Fragment):  # whatever the server sent
        object.__setattr__(event, "arrived_at", arrived_at)
        object.__setattr__(event, "arrived_ns", arrived_ns)
    return event
