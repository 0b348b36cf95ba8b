"""The access of a request, for routes: what its token may see and change.

``TokenAuth`` finds it out and puts it into the ASGI scope; routes narrow what they answer with it,
and cameras enforce it on their channels. A camera that a token may not see is answered like one
that does not exist.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from starlette.types import Scope

from streamlab.core.access import EVERYTHING, NOTHING, Access
from streamlab.errors import NotAllowedError
from streamlab.viewers import StreamChannelManager
from streamlab.viewers.camera import Camera
from streamlab.viewers.camera_ids import unknown_camera

ACCESS = "streamlab.access"
"""Key of the ASGI scope: the ``Access`` of a request, where tokens are required."""


async def access_of(request: Request) -> Access:
    """Return what a request may see and change; without tokens everything."""
    return _access_of(request.app.state.manager, request.scope)


def _access_of(manager: StreamChannelManager, scope: Scope) -> Access:
    if not manager.settings.asks_for_tokens:
        return EVERYTHING
    access: Access = scope.get(ACCESS, NOTHING)
    return access


def visible_ids(manager: StreamChannelManager, scope: Scope) -> list[str]:
    """Return the ids of the cameras that a request may see."""
    return list(filter(_access_of(manager, scope).sees, manager.cameras))


AccessOf = Annotated[Access, Depends(access_of)]


def visible_camera(manager: StreamChannelManager, camera_id: str, access: Access) -> Camera:
    """Return a camera. Raises UnknownCameraError if there is none that the token may see."""
    if camera_id not in manager.cameras or not access.sees(camera_id):
        raise unknown_camera(camera_id, filter(access.sees, manager.cameras))
    return manager.cameras[camera_id]


def check_changes(access: Access, camera_id: str) -> None:
    """Raise NotAllowedError unless a camera of this id may be added, changed and removed."""
    if not access.changes(camera_id):
        raise NotAllowedError(
            "this token may not change a camera of this id",
            hint="Use one of admin_tokens that is not limited to other cameras.",
        )
