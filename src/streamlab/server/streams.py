"""The streams: joining, subscribing, switching, and what is known of them."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Query, Request
from pydantic import BaseModel, Field

from streamlab.core.channels import ChannelType, QualityLevel, View
from streamlab.core.connection import Connection
from streamlab.errors import DisabledError
from streamlab.manager import ChannelSubscriptionManager, StreamChannelManager
from streamlab.manager.camera import Camera
from streamlab.manager.reports import Report, process_report, sync_report
from streamlab.server.sse import EventStreamResponse

AnnotatedQuality = Literal["low", "medium", "high"]
SubscribedChannel = Literal["raw", "annotated", "detections"]
ViewName = Literal["raw", "annotated", "both"]


# Coroutines, all of them: FastAPI would call a function in a thread, and a switch would wait for
# four of them, each in turn behind threads that encode.
async def channels_of(request: Request) -> StreamChannelManager:
    """Return the manager of the app's cameras."""
    channels: StreamChannelManager = request.app.state.channels
    return channels


async def subscriptions_of(request: Request) -> ChannelSubscriptionManager:
    """Return the manager of the app's viewers."""
    subscriptions: ChannelSubscriptionManager = request.app.state.subscriptions
    return subscriptions


Channels = Annotated[StreamChannelManager, Depends(channels_of)]
Subscriptions = Annotated[ChannelSubscriptionManager, Depends(subscriptions_of)]


async def require_dual_channel(channels: Channels) -> None:
    """Raise DisabledError when the setting ``enable_dual_channel`` is off."""
    if not channels.settings.enable_dual_channel:
        raise DisabledError("dual channels are disabled", hint="Set enable_dual_channel to true.")


async def camera_of(camera_id: str, channels: Channels) -> Camera:
    """Return the camera that the path names."""
    return channels.camera(camera_id)


CameraOf = Annotated[Camera, Depends(camera_of)]
router = APIRouter(
    prefix="/streams", tags=["streams"], dependencies=[Depends(require_dual_channel)]
)


class SubscribeRequest(BaseModel):
    """Which channel to add to which connection; without one, a connection is reserved."""

    channel_type: SubscribedChannel
    quality: QualityLevel | None = None
    connection_id: str | None = None


class SwitchRequest(BaseModel):
    """What a connection is to be sent from now on."""

    new_channel: ViewName
    connection_id: str
    quality: QualityLevel | None = None


class JoinQuery(BaseModel):
    """What a viewer wants to be sent."""

    initial_channel: ViewName = "raw"
    raw_quality: QualityLevel = QualityLevel.MEDIUM
    annotated_quality: AnnotatedQuality = "medium"
    payload: Literal["inline", "url"] = "inline"

    def open(
        self, subscriptions: ChannelSubscriptionManager, camera: Camera, last_event_id: str = ""
    ) -> Connection:
        """Make the connection."""
        given = self.model_fields_set
        qualities: dict[str, QualityLevel] = {
            ChannelType.RAW: self.raw_quality if "raw_quality" in given else camera.quality,
            ChannelType.ANNOTATED: (
                QualityLevel(self.annotated_quality)
                if "annotated_quality" in given
                else camera.quality
            ),
        }
        return subscriptions.open(
            camera,
            View(self.initial_channel).channels,
            qualities,
            by_url=self.payload == "url",
            last_event_id=last_event_id,
        )


class DualQuery(JoinQuery):
    """As above, or a reserved connection; ``access_token`` has been looked at before."""

    connection_id: str | None = None
    access_token: str | None = None


class MuxQuery(JoinQuery):
    """As above, for many cameras on one connection."""

    camera_id: Annotated[list[str], Field(min_length=1)]
    access_token: str | None = None


@router.get("/sse/mux", response_class=EventStreamResponse)
async def mux(
    query: Annotated[MuxQuery, Query()], channels: Channels, subscriptions: Subscriptions
) -> EventStreamResponse:
    """Join many cameras on one connection: every event names its camera."""
    cameras = [channels.camera(camera_id) for camera_id in dict.fromkeys(query.camera_id)]
    watched: list[tuple[Camera, Connection]] = []
    with ExitStack() as undo:
        for camera in cameras:
            connection = query.open(subscriptions, camera)
            undo.callback(subscriptions.close, camera, connection)
            watched.append((camera, connection))
        undo.pop_all()
    return _stream(channels, subscriptions, watched, tagged=True)


@router.get("/sse/{camera_id}/dual", response_class=EventStreamResponse)
async def dual(
    query: Annotated[DualQuery, Query()],
    camera: CameraOf,
    channels: Channels,
    subscriptions: Subscriptions,
    last_event_id: Annotated[str, Header()] = "",
) -> EventStreamResponse:
    """Join a camera's stream: server-sent events, as the wire protocol describes them."""
    if query.connection_id is not None:
        connection = subscriptions.claim(camera, query.connection_id)
    else:
        connection = query.open(subscriptions, camera, last_event_id)
    return _stream(channels, subscriptions, [(camera, connection)])


def _stream(
    channels: StreamChannelManager,
    subscriptions: ChannelSubscriptionManager,
    watched: list[tuple[Camera, Connection]],
    *,
    tagged: bool = False,
) -> EventStreamResponse:
    return EventStreamResponse(
        subscriptions.read(watched, tagged=tagged),
        slow_client_timeout_s=channels.settings.slow_client_timeout,
    )


@router.post("/sse/{camera_id}/subscribe")
async def subscribe(
    body: SubscribeRequest, camera: CameraOf, subscriptions: Subscriptions
) -> Report:
    """Add a channel to a connection, or reserve a connection for a later GET."""
    if body.connection_id is None:
        connection = subscriptions.reserve(camera)
    else:
        connection = subscriptions.connection(camera, body.connection_id)
    if body.channel_type == "detections":
        subscriptions.subscribe_detections(camera, connection, wanted=True)
    else:
        subscriptions.subscribe(camera, connection, ChannelType(body.channel_type), body.quality)
    return _subscription(camera, connection.connection_id)


@router.delete("/sse/{camera_id}/subscribe")
async def unsubscribe(
    connection_id: str,
    channel_type: SubscribedChannel,
    camera: CameraOf,
    subscriptions: Subscriptions,
) -> Report:
    """Take a channel from a connection; the connection stays open."""
    connection = subscriptions.connection(camera, connection_id)
    if channel_type == "detections":
        subscriptions.subscribe_detections(camera, connection, wanted=False)
    else:
        subscriptions.unsubscribe(camera, connection, ChannelType(channel_type))
    return _subscription(camera, connection_id)


@router.post("/sse/{camera_id}/switch")
async def switch(body: SwitchRequest, camera: CameraOf, subscriptions: Subscriptions) -> Report:
    """Change channel or quality within the running connection."""
    connection = subscriptions.connection(camera, body.connection_id)
    view = View(body.new_channel)
    done, switch_ms = await subscriptions.switch(camera, connection, view, body.quality)
    return {
        "connection_id": done.connection_id,
        "previous_channel": done.previous_channel,
        "channel": done.channel,
        "quality": done.quality,
        "at_pts": done.at_pts,
        "switch_ms": round(switch_ms, 3),
    }


@router.get("/sse/{camera_id}/sync-stats")
async def sync_stats(
    camera: CameraOf,
    channels: Channels,
    stream_id: str | None = None,
    window_s: Annotated[float, Query(gt=0, le=300)] = 60.0,
) -> Report:
    """Return the measured drift of a camera's channels over a window."""
    channels.check_stream(camera, stream_id)
    return sync_report(camera, window_s)


@router.get("/dual-channel/stats")
async def stats(channels: Channels) -> Report:
    """Return all streams, subscriptions, connections, drops and switches."""
    return process_report(channels)


def _subscription(camera: Camera, connection_id: str) -> Report:
    connection = camera.stream.connections[connection_id]
    subscribed: list[Report] = [
        {"channel_type": key.channel, "quality": key.quality} for key in connection.encodings
    ]
    if connection.detections:
        subscribed.append({"channel_type": "detections", "quality": None})
    return {
        "connection_id": connection_id,
        "stream_id": camera.stream.stream_id,
        "subscriptions": subscribed,
    }
