"""Endpoints of the streams: joining, subscribing, switching and statistics."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from streamlab.core.access import CameraAccess
from streamlab.core.channels import RAW, View
from streamlab.core.stream.connection import Connection
from streamlab.errors import InvalidRequestError
from streamlab.protocol.status import SyncFigures
from streamlab.server import models
from streamlab.server.access import AccessOf, visible_camera
from streamlab.server.bodies import (
    AnnotatedQuality,
    ChannelName,
    ConnectionId,
    RawQuality,
    SubscribeRequest,
    SwitchRequest,
    ViewName,
)
from streamlab.server.clients import client_of
from streamlab.server.dependencies import (
    AccessToCamera,
    CameraOf,
    LimitedClient,
    Manager,
    Subscriptions,
    require_dual_channel,
)
from streamlab.server.json_bounds import BoundedRoute
from streamlab.server.methods import HEAD
from streamlab.server.prefix import url_root
from streamlab.server.problems import problem_responses
from streamlab.server.sse import HEADERS, EventStreamResponse
from streamlab.viewers import ChannelSubscriptionManager, StreamChannelManager
from streamlab.viewers.camera import Camera
from streamlab.viewers.reports import Report, process_report, sync_report
from streamlab.viewers.visible import visible_figures

MAX_MUX_CAMERAS = 256

router = APIRouter(
    prefix="/streams",
    tags=["streams"],
    dependencies=[Depends(require_dual_channel)],
    responses=problem_responses(503),
    route_class=BoundedRoute,
)


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
        access: CameraAccess,
        client: str,
    ) -> Connection:
        """Open the connection; qualities that are not given are the camera's default."""
        given = self.model_fields_set
        raw = self.raw_quality if "raw_quality" in given else camera.quality
        annotated = self.annotated_quality if "annotated_quality" in given else camera.quality
        qualities = {name: raw if name == RAW else annotated for name in camera.channels}
        return subscriptions.open(
            camera,
            _view("initial_channel", self.initial_channel, camera, access).channels,
            qualities,
            last_event_id=last_event_id,
            access=access,
            client=client,
        )


class DualQuery(JoinQuery):
    """A ``JoinQuery``, or a reserved connection; ``access_token`` has already been checked."""

    connection_id: ConnectionId | None = None
    access_token: str | None = None


class MuxQuery(JoinQuery):
    """A ``JoinQuery`` for several cameras on one connection."""

    camera_id: Annotated[list[str], Field(min_length=1, max_length=MAX_MUX_CAMERAS)]
    access_token: str | None = None


@router.get("/sse/mux", response_class=EventStreamResponse, responses=problem_responses(404, 429))
async def mux(
    request: Request,
    query: Annotated[MuxQuery, Query()],
    manager: Manager,
    subscriptions: Subscriptions,
    access: AccessOf,
    client: LimitedClient,
) -> EventStreamResponse:
    """Join several cameras on one connection; every event names its camera."""
    cameras = [
        visible_camera(manager, camera_id, access) for camera_id in dict.fromkeys(query.camera_id)
    ]
    watched: list[tuple[Camera, Connection]] = []
    with ExitStack() as undo:
        for camera in cameras:
            rights = access.of(camera.camera_id)
            connection = query.open(subscriptions, camera, access=rights, client=client)
            undo.callback(subscriptions.close, camera, connection)
            watched.append((camera, connection))
        response = _stream(request, subscriptions, watched, query.payload, tagged=True)
        undo.pop_all()
    return response


@router.get(
    "/sse/{camera_id}/dual",
    response_class=EventStreamResponse,
    responses=problem_responses(409, 429),
)
async def dual(
    request: Request,
    query: Annotated[DualQuery, Query()],
    camera: CameraOf,
    subscriptions: Subscriptions,
    access: AccessToCamera,
    client: LimitedClient,
    last_event_id: Annotated[str, Header()] = "",
) -> Response:
    """Join a camera's stream: server-sent events, as the wire protocol defines them."""
    if query.connection_id is not None and HEAD in request.scope:
        camera.connection(query.connection_id, access)  # claimed by GET only
        return Response(headers=HEADERS)
    if query.connection_id is not None:
        connection = subscriptions.claim(camera, query.connection_id, access)
    else:
        connection = query.open(subscriptions, camera, last_event_id, access=access, client=client)
    return _stream(request, subscriptions, [(camera, connection)], query.payload)


def _stream(
    request: Request,
    subscriptions: ChannelSubscriptionManager,
    watched: list[tuple[Camera, Connection]],
    payload: str,
    *,
    tagged: bool = False,
) -> EventStreamResponse:
    reader = subscriptions.read(
        watched, tagged=tagged, by_url=payload == "url", url_root=url_root(request.scope)
    )
    manager: StreamChannelManager = request.app.state.manager
    return EventStreamResponse(reader, slow_client_timeout_s=manager.settings.slow_client_timeout)


@router.post(
    "/sse/{camera_id}/subscribe",
    response_model=models.Subscriptions,
    responses=problem_responses(429),
)
async def subscribe(
    body: SubscribeRequest,
    camera: CameraOf,
    subscriptions: Subscriptions,
    access: AccessToCamera,
    client: LimitedClient,
    request: Request,
) -> Report:
    """Add a channel to a connection, or reserve a connection for a later GET."""
    camera.check_channels([body.channel_type], access)
    with ExitStack() as undo:
        if body.connection_id is None:
            connection = subscriptions.reserve(
                camera,
                client=client_of(request.scope),
                limited_client=client,
                access=access,
            )
            undo.callback(subscriptions.close, camera, connection)
        else:
            connection = camera.connection(body.connection_id, access)
        if body.channel_type == "detections":
            camera.subscribe_detections(connection, wanted=True)
        else:
            camera.subscribe(connection, body.channel_type, body.quality)
        undo.pop_all()
    return _subscription(camera, connection)


@router.delete("/sse/{camera_id}/subscribe", response_model=models.Subscriptions)
async def unsubscribe(
    connection_id: ConnectionId,
    channel_type: ChannelName,
    camera: CameraOf,
    access: AccessToCamera,
) -> Report:
    """Remove a channel from a connection; the connection stays open."""
    camera.check_channels([channel_type], access)
    connection = camera.connection(connection_id, access)
    if channel_type == "detections":
        camera.subscribe_detections(connection, wanted=False)
    else:
        camera.unsubscribe(connection, channel_type)
    return _subscription(camera, connection)


@router.post(
    "/sse/{camera_id}/switch", response_model=models.Switched, responses=problem_responses(504)
)
async def switch(
    body: SwitchRequest, camera: CameraOf, subscriptions: Subscriptions, access: AccessToCamera
) -> Report:
    """Change the channel or quality of a running connection."""
    view = _view("new_channel", body.new_channel, camera, access)
    connection = camera.connection(body.connection_id, access)
    done, switch_ms = await subscriptions.switch(camera, connection, view, body.quality)
    return {
        "connection_id": done.connection_id,
        "previous_channel": done.previous_channel,
        "channel": done.channel,
        "quality": done.quality,
        "at_pts": done.at_pts,
        "switch_ms": round(switch_ms, 3),
    }


@router.get("/sse/{camera_id}/sync-stats", response_model=SyncFigures)
async def sync_stats(
    camera: CameraOf,
    manager: Manager,
    access: AccessToCamera,
    stream_id: ConnectionId | None = None,
    window_s: Annotated[float, Query(gt=0, le=300)] = 60.0,
) -> Report:
    """Return the measured drift of a camera's channels over a window."""
    manager.check_stream(camera, stream_id)
    return sync_report(visible_figures(await camera.sync_figures(window_s), access))


@router.get("/dual-channel/stats", response_model=models.Streams, response_model_exclude_unset=True)
async def stats(manager: Manager, access: AccessOf) -> Report:
    """Return the streams that the token may see: subscriptions, connections, drops, switches."""
    return process_report(manager, access)


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


def _view(field: str, text: str, camera: Camera, access: CameraAccess) -> View:
    """Return the view named in a request field. Raises the errors of ``Camera.view``."""
    try:
        return camera.view(text, access)
    except InvalidRequestError as error:
        what = f"{field}: camera '{camera.camera_id}' has no such channel"
        raise InvalidRequestError(what, hint=error.hint) from None
