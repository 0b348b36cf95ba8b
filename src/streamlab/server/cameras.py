"""Cameras: which there are, adding one, removing one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from streamlab.manager.reports import Report, camera_report
from streamlab.media.spec import SourcePolicy, SourceSpec
from streamlab.server.streams import CameraOf, Channels
from streamlab.server.truth import true_boxes

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


@router.get("/{camera_id}/truth")
def get_truth(
    camera: CameraOf, from_pts: Annotated[int, Query(ge=0)], to_pts: Annotated[int, Query(ge=0)]
) -> Report:
    """Return what a synthetic camera's frames show, for a page to draw over them.

    Frames are those from ``from_pts`` to before ``to_pts``, at most 10 s; a box is
    ``[x1, y1, x2, y2, class_name, track_id]`` in px of the captured frame.
    """
    frames = true_boxes(camera.spec, from_pts, to_pts)  # takes long: not in the event loop
    return {"camera_id": camera.camera_id, "from_pts": from_pts, "to_pts": to_pts, "frames": frames}
