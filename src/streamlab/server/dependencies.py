"""What endpoints get from the app and from a request: FastAPI's dependencies."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from streamlab.core.access import CameraAccess
from streamlab.errors import DisabledError
from streamlab.server.access import AccessOf, visible_camera
from streamlab.server.clients import client_of, limited_client_of
from streamlab.viewers import ChannelSubscriptionManager, StreamChannelManager
from streamlab.viewers.camera import Camera


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


async def limited_client(request: Request, manager: Manager) -> str:
    """Return the client that the limit of streams per client holds for; '' for none."""
    limits_local = manager.settings.max_connections_per_client > 0
    return client_of(request.scope) if limits_local else limited_client_of(request.scope)


async def camera_of(camera_id: str, manager: Manager, access: AccessOf) -> Camera:
    """Return the camera named in the path. Raises UnknownCameraError."""
    return visible_camera(manager, camera_id, access)


async def camera_access_of(camera_id: str, access: AccessOf) -> CameraAccess:
    """Return what the request may do with the camera named in the path."""
    return access.of(camera_id)


AccessToCamera = Annotated[CameraAccess, Depends(camera_access_of)]
LimitedClient = Annotated[str, Depends(limited_client)]
CameraOf = Annotated[Camera, Depends(camera_of)]
