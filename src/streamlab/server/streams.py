"""Endpoints of the streams: joining, subscribing, switching and statistics."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Query, Request
from pydantic import BaseModel, Field

from streamlab.core.channels import RAW, View
from streamlab.core.stream.connection import Connection
from streamlab.errors import DisabledError, InvalidRequestError
from streamlab.server.auth import UNREDACTED
from streamlab.server.sse import EventStreamResponse
from streamlab.viewers import ChannelSubscriptionManager, StreamChannelManager
from streamlab.viewers.camera import Camera
from streamlab.viewers.reports import Report, process_report, sync_report

MAX_VIEW_CHARS = 2048
RawQuality = Literal["low", "medium", "high", "source", "auto"]
AnnotatedQuality = Literal["low", "medium", "high", "auto"]
ChannelName = Annotated[str, Field(max_length=32, examples=["raw", "annotated"])]
ViewName = Annotated[str, Field(max_length=MAX_VIEW_CHARS, examples=["raw", "annotated", "both"])]


# All dependencies are coroutines: FastAPI would call a function in a thread, and a switch would
# wait for four of them, each queued behind threads that encode.
async def manager_of(request: Request) -> StreamChannelManager:
    """Return the camera manager of the app."""
    manager: StreamChannelManager = request.app.state.manager
    return manager


async def subscriptions_of(request: Request) -> ChannelSubscriptionManager:
    """Return the subscription manager of the app."""
    subscriptions: ChannelSubscriptionManager = request.app.state.subscriptions
    return subscriptions


Manager = Annotated[StreamChannelManager, Depends(manager_of)]
Subscriptions = Annotated[ChannelSubscriptionManager, Depends(subscriptions_of)]


async def require_dual_channel(manager: Manager) -> None:
    """Raise DisabledError if the setting ``enable_dual_channel`` is off."""
    if not manager.settings.enable_dual_channel:
        raise DisabledError("dual channels are disabled", hint="Set enable_dual_channel to true.")


async def camera_of(camera_id: str, manager: Manager) -> Camera:
    """Return the camera named in the path. Raises UnknownCameraError."""
    return manager.camera(camera_id)


async def is_unredacted(request: Request, manager: Manager) -> bool:
    """Return True if a request may see what is not redacted; without tokens all may."""
    return not manager.settings.asks_for_tokens or request.scope.get(UNREDACTED, False)


Unredacted = Annotated[bool, Depends(is_unredacted)]
CameraOf = Annotated[Camera, Depends(camera_of)]
router = APIRouter(
    prefix="/streams", tags=["streams"], dependencies=[Depends(require_dual_channel)]
)


class SubscribeRequest(BaseModel):
    """The channel to add to a connection; without ``connection_id``, one is reserved."""

    channel_type: ChannelName
    quality: RawQuality | None = None
    connection_id: str | None = None


class SwitchRequest(BaseModel):
    """What a connection is sent from now on."""

    new_channel: ViewName
    connection_id: str
    quality: RawQuality | None = None


class JoinQuery(BaseModel):
    """The view, the qualities and the form of media that a viewer requests."""

    initial_channel: ViewName = "raw"
    raw_quality: RawQuality = "medium"
    annotated_quality: AnnotatedQuality = "medium"
    payload: Literal["inline", "url"] = "inline"

    def open(
        self,
        subscriptions: ChannelSubscriptionManager,
        camera: Camera,
        last_event_id: str = "",
        *,
        unredacted: bool,
    ) -> Connection:
        """Open the connection; qualities that are not given are the camera's default."""
        given = self.model_fields_set
        raw = self.raw_quality if "raw_quality" in given else camera.quality
        annotated = self.annotated_quality if "annotated_quality" in given else camera.quality
        qualities = {name: raw if name == RAW else annotated for name in camera.channels}
        return subscriptions.open(
            camera,
            _view("initial_channel", self.initial_channel, camera).channels,
            qualities,
            last_event_id=last_event_id,
            unredacted=unredacted,
        )


class DualQuery(JoinQuery):
    """A ``JoinQuery``, or a reserved connection; ``access_token`` has already been checked."""

    connection_id: str | None = None
    access_token: str | None = None


class MuxQuery(JoinQuery):
    """A ``JoinQuery`` for several cameras on one connection."""

    camera_id: Annotated[list[str], Field(min_length=1)]
    access_token: str | None = None


@router.get("/sse/mux", response_class=EventStreamResponse)
async def mux(
    query: Annotated[MuxQuery, Query()],
    manager: Manager,
    subscriptions: Subscriptions,
    unredacted: Unredacted,
) -> EventStreamResponse:
    """Join several cameras on one connection; every event names its camera."""
    cameras = [manager.camera(camera_id) for camera_id in dict.fromkeys(query.camera_id)]
    watched: list[tuple[Camera, Connection]] = []
    with ExitStack() as undo:
        for camera in cameras:
            connection = query.open(subscriptions, camera, unredacted=unredacted)
            undo.callback(subscriptions.close, camera, connection)
            watched.append((camera, connection))
        response = _stream(manager, subscriptions, watched, query.payload, tagged=True)
        undo.pop_all()
    return response


@router.get("/sse/{camera_id}/dual", response_class=EventStreamResponse)
async def dual(
    query: Annotated[DualQuery, Query()],
    camera: CameraOf,
    manager: Manager,
    subscriptions: Subscriptions,
    unredacted: Unredacted,
    last_event_id: Annotated[str, Header()] = "",
) -> EventStreamResponse:
    """Join a camera's stream: server-sent events, as the wire protocol defines them."""
    if query.connection_id is not None:
        connection = subscriptions.claim(camera, query.connection_id, unredacted=unredacted)
    else:
        connection = query.open(subscriptions, camera, last_event_id, unredacted=unredacted)
    return _stream(manager, subscriptions, [(camera, connection)], query.payload)


def _stream(
    manager: StreamChannelManager,
    subscriptions: ChannelSubscriptionManager,
    watched: list[tuple[Camera, Connection]],
    payload: str,
    *,
    tagged: bool = False,
) -> EventStreamResponse:
    return EventStreamResponse(
        subscriptions.read(watched, tagged=tagged, by_url=payload == "url"),
        slow_client_timeout_s=manager.settings.slow_client_timeout,
    )


@router.post("/sse/{camera_id}/subscribe")
async def subscribe(
    body: SubscribeRequest, camera: CameraOf, subscriptions: Subscriptions, unredacted: Unredacted
) -> Report:
    """Add a channel to a connection, or reserve a connection for a later GET."""
    camera.check_channels([body.channel_type], unredacted=unredacted)
    with ExitStack() as undo:
        if body.connection_id is None:
            connection = subscriptions.reserve(camera, unredacted=unredacted)
            undo.callback(subscriptions.close, camera, connection)
        else:
            connection = camera.connection(body.connection_id)
        if body.channel_type == "detections":
            camera.subscribe_detections(connection, wanted=True)
        else:
            camera.subscribe(connection, body.channel_type, body.quality)
        undo.pop_all()
    return _subscription(camera, connection)


@router.delete("/sse/{camera_id}/subscribe")
async def unsubscribe(
    connection_id: str,
    channel_type: ChannelName,
    camera: CameraOf,
) -> Report:
    """Remove a channel from a connection; the connection stays open."""
    connection = camera.connection(connection_id)
    if channel_type == "detections":
        camera.subscribe_detections(connection, wanted=False)
    else:
        camera.unsubscribe(connection, channel_type)
    return _subscription(camera, connection)


@router.post("/sse/{camera_id}/switch")
async def switch(
    body: SwitchRequest, camera: CameraOf, subscriptions: Subscriptions, unredacted: Unredacted
) -> Report:
    """Change the channel or quality of a running connection."""
    connection = camera.connection(body.connection_id)
    view = _view("new_channel", body.new_channel, camera)
    camera.check_channels(view.channels, unredacted=unredacted)
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
    manager: Manager,
    stream_id: str | None = None,
    window_s: Annotated[float, Query(gt=0, le=300)] = 60.0,
) -> Report:
    """Return the measured drift of a camera's channels over a window."""
    manager.check_stream(camera, stream_id)
    return sync_report(camera.sync_figures(window_s))


@router.get("/dual-channel/stats")
async def stats(manager: Manager) -> Report:
    """Return all streams with their subscriptions, connections, drops and switches."""
    return process_report(manager)


def _subscription(camera: Camera, connection: Connection) -> Report:
    subscribed: list[Report] = [
        {"channel_type": key.channel, "quality": key.quality} for key in connection.encodings
    ]
    if connection.detections:
        subscribed.append({"channel_type": "detections", "quality": None})
    return {
        "connection_id": connection.connection_id,
        "stream_id": camera.stream_id,
        "subscriptions": subscribed,
    }


def _view(field: str, text: str, camera: Camera) -> View:
    """Return the view named in a request field. Raises InvalidRequestError."""
    try:
        return camera.view(text)
    except InvalidRequestError as error:
        raise InvalidRequestError(f"{field}: {error.message}", hint=error.hint) from None
