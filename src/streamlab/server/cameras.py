"""Cameras: which there are, adding one, removing one."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel

from streamlab.manager.reports import Report, camera_report
from streamlab.media.spec import SourcePolicy, SourceSpec
from streamlab.server.streams import CameraOf, Channels

router = APIRouter(prefix="/cameras", tags=["cameras"])


class CameraRequest(BaseModel):
    """A camera to add. ``source`` must lie within what the server may open."""

    camera_id: str
    source: str


@router.get("")
async def list_cameras(channels: Channels) -> Report:
    """Return the cameras there are."""
    return {"cameras": [camera_report(camera) for camera in channels.cameras.values()]}


@router.post("", status_code=201)
async def add_camera(body: CameraRequest, request: Request, channels: Channels) -> Report:
    """Add a camera; answers when its first picture has been seen."""
    policy: SourcePolicy = request.app.state.source_policy
    spec = SourceSpec.parse(body.source)
    policy.check(spec)
    return camera_report(await channels.add_camera(body.camera_id, spec))


@router.delete("/{camera_id}", status_code=204)
async def remove_camera(camera: CameraOf, channels: Channels) -> None:
    """Remove a camera; its viewers get ``end``."""
    await channels.remove_camera(camera.camera_id)
