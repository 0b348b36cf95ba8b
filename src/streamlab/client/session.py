"""The requested state of a stream, kept across its connections: pure, no socket and no clock.

The first connection requests what the caller asked for. Each later one requests the channels and
qualities in effect by then, after switches and subscriptions, and resumes after the last fragment
received.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal
from urllib.parse import quote

from streamlab.core.channels import (
    ANNOTATED,
    AUTO,
    RAW,
    View,
    channels_of,
    qualities_of,
    raw_first,
    view_name,
)
from streamlab.errors import InvalidRequestError
from streamlab.protocol.parse import Connected, End, Event, Fragment, Gap, Init, Switched

Payload = Literal["inline", "url"]
DETECTIONS = "detections"


@dataclass(frozen=True, slots=True)
class Switch:
    """A completed switch: the server has queued the new channel's init segment and keyframe."""

    channel: str
    quality: str
    previous_channel: str
    at_pts: int
    switch_ms: float
    """From the request until the keyframe is queued, measured by the server."""


@dataclass(slots=True)
class Wanted:
    """What the connection of one camera is to carry."""

    channels: tuple[str, ...]
    qualities: dict[str, str]
    """By channel; an annotated channel without an entry uses that of ``annotated``."""
    detections: bool = False
    connection_id: str = ""
    ended: bool = False
    muted: set[str] = field(default_factory=set)
    """Channels that the query had to request and that are being unsubscribed again."""
    last_switched: tuple[str, int] | None = None
    awaited: tuple[str, int] | None = None
    """A switch that was answered and whose event has not arrived yet: channel and PTS."""

    def quality(self, channel: str) -> str:
        """Return the requested quality of the channel."""
        return self.qualities.get(channel) or self.qualities[ANNOTATED]


@dataclass(frozen=True, slots=True)
class Subscription:
    """A request to add a channel to a connection (``wanted``), or to remove it."""

    wanted: bool
    channel_type: str
    quality: str | None = None


@dataclass(slots=True)
class Session:
    """The requested state of a stream's cameras; ``multiplexed``: one connection for several."""

    cameras: dict[str, Wanted]
    payload: Payload
    multiplexed: bool
    last_event_id: str = ""
    _asked: Wanted = field(init=False)
    _stream_id: str = ""
    _newest: dict[tuple[str, str], int] = field(default_factory=dict)
    """By channel and quality, the newest sequence received; of one camera."""

    @classmethod
    def of(
        cls,
        camera_ids: Sequence[str],
        channels: str,
        qualities: Mapping[str, str],
        *,
        detections: bool = False,
        payload: Payload = "inline",
        multiplexed: bool = False,
    ) -> Session:
        """Create a session for these cameras; ``qualities`` by channel, raw and annotated.

        Raises InvalidRequestError.
        """
        view = View(channels).channels
        for channel, quality in qualities.items():
            check_quality(channel, quality)
        if not camera_ids:
            raise InvalidRequestError("no camera was given", hint="Name at least one camera id.")
        cameras = {camera_id: Wanted(view, dict(qualities), detections) for camera_id in camera_ids}
        return cls(cameras, payload, multiplexed)

    @property
    def is_over(self) -> bool:
        """True if every camera has sent its ``end``."""
        return all(camera.ended for camera in self.cameras.values())

    @property
    def path(self) -> str:
        """URL path of the stream."""
        if self.multiplexed:
            return "streams/sse/mux"
        return f"{camera_path(next(iter(self.cameras)))}/dual"

    def next_query(self) -> list[tuple[str, str]]:
        """Return the query of the next connection, and remember what it requests."""
        going_on = [name for name, camera in self.cameras.items() if not camera.ended]
        first = self.cameras[going_on[0]]
        qualities = {channel: first.qualities[channel] for channel in (RAW, ANNOTATED)}
        self._asked = Wanted(first.channels or (RAW,), qualities)
        query = [("initial_channel", view_name(self._asked.channels)), ("payload", self.payload)]
        query += [(f"{channel}_quality", value) for channel, value in qualities.items()]
        if self.multiplexed:
            query += [("camera_id", name) for name in going_on]
        return query

    def next_headers(self) -> dict[str, str]:
        """Return the headers of the next connection, which say where to resume."""
        if self.multiplexed or not self.last_event_id:
            return {}  # an event id does not name its camera
        return {"Last-Event-ID": self.last_event_id}

    def receive(self, event: Event, event_id: str) -> Event | None:
        """Process an event; return it as the caller is to see it, or None to hide it."""
        camera = self.cameras.get(event.camera_id)
        if camera is None:
            return event
        # Not Detections, which come for every annotated channel, whether it is watched or not.
        if isinstance(event, Init | Fragment | Gap) and event.channel in camera.muted:
            return None
        if isinstance(event, Fragment):
            self._receive_fragment(event, event_id)
        elif isinstance(event, Connected):
            if event.stream_id != self._stream_id:
                self._stream_id = event.stream_id
                self._newest.clear()
            camera.connection_id, camera.awaited = event.connection_id, None
            camera.muted = set(event.channels) - set(camera.channels)
            return replace(event, channels=camera.channels)
        elif isinstance(event, Switched):
            self._newest.clear()
            _receive_switched(camera, event)
        elif isinstance(event, End):
            camera.ended = True
        return event

    def _receive_fragment(self, fragment: Fragment, event_id: str) -> None:
        """Remember where to resume.

        A resumed channel may start with fragments that came before; to resume at those would lose
        ground with every connection that is cut early.
        """
        key = (fragment.channel, fragment.quality)
        if fragment.sequence > self._newest.get(key, -1):
            self._newest[key] = fragment.sequence
            self.last_event_id = event_id

    def receive_switch(self, camera_id: str, done: Switch, quality: str | None) -> None:
        """Record the answer to a switch that requested ``quality``."""
        camera = self.cameras[camera_id]
        camera.channels = channels_of(done.channel)
        for channel in camera.channels:
            if quality in qualities_of(channel):
                camera.qualities[channel] = str(quality)
        told = (done.channel, done.at_pts)
        camera.awaited = None if camera.last_switched == told else told

    def receive_subscription(self, camera_id: str, subscription: Subscription) -> None:
        """Record a subscription that the server has accepted."""
        camera, channel = self.cameras[camera_id], subscription.channel_type
        if channel == DETECTIONS:
            camera.detections = subscription.wanted
            return
        camera.muted.discard(channel)
        others = [other for other in camera.channels if other != channel]
        camera.channels = raw_first([*others, channel] if subscription.wanted else others)
        if subscription.quality:
            camera.qualities[channel] = subscription.quality

    def missing_subscriptions(self, camera_id: str) -> list[Subscription]:
        """Return the subscriptions that the query of a new connection could not express."""
        camera, asked = self.cameras[camera_id], self._asked
        missing = [
            Subscription(True, channel, camera.quality(channel))
            for channel in camera.channels
            if channel not in asked.channels or camera.quality(channel) != asked.quality(channel)
        ]
        missing += [
            Subscription(False, channel)
            for channel in asked.channels
            if channel not in camera.channels
        ]
        return missing + ([Subscription(True, DETECTIONS)] if camera.detections else [])

    def one_camera(self, camera_id: str | None) -> str:
        """Return ``camera_id``, or the only camera if it is None.

        Raises InvalidRequestError for an unknown camera, and for None with several cameras.
        """
        if camera_id is None and len(self.cameras) == 1:
            return next(iter(self.cameras))
        if camera_id in self.cameras:
            return str(camera_id)
        raise InvalidRequestError(
            f"the stream has no camera '{camera_id}'"
            if camera_id
            else "the stream has several cameras",
            hint=f"Name one with camera_id: {', '.join(self.cameras)}.",
        )


def camera_path(camera_id: str) -> str:
    """Return the URL path of a camera's stream, the prefix of its control requests."""
    return f"streams/sse/{quote(camera_id, safe='')}"


def check_quality(channel: str, quality: str) -> None:
    """Raise InvalidRequestError if the channel has no such quality."""
    allowed = qualities_of(channel)
    if quality not in allowed:
        raise InvalidRequestError(
            f"the {channel} channel has no quality '{quality}'",
            hint=f"Allowed: {', '.join(allowed)}.",
        )


def _receive_switched(camera: Wanted, event: Switched) -> None:
    told = (event.channel, event.at_pts)
    camera.last_switched = told
    channels = channels_of(event.channel)
    camera.muted.difference_update(channels)
    if camera.awaited in (None, told):  # else the caller has switched again since
        camera.awaited, camera.channels = None, channels
        for channel in channels[:1]:  # of several channels, it is the quality of the first
            if camera.quality(channel) != AUTO:
                camera.qualities[channel] = event.quality
