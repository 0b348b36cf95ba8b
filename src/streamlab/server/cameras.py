"""Cameras: which there are, adding one, removing one."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from streamlab.config.camera import CameraConfig, CameraOptions
from streamlab.core.sync.playout import SyncPolicy
from streamlab.errors import FaultsNotAllowedError
from streamlab.faults import Faults, find_preset
from streamlab.media.spec import MAX_SOURCE_CHARS, SourcePolicy, SourceSpec
from streamlab.server.streams import CameraOf, Channels
from streamlab.server.truth import true_boxes
from streamlab.settings import PlayoutDelayMs, StaleFraction, ToleranceMs
from streamlab.viewers.reports import Report, camera_report

router = APIRouter(prefix="/cameras", tags=["cameras"])


class CameraRequest(CameraOptions):
    """A camera to add. ``source`` must lie within what the server may open."""

    model_config = ConfigDict(extra="ignore", title="CameraRequest")

    camera_id: str
    source: Annotated[str, Field(max_length=MAX_SOURCE_CHARS)]
    keep: Annotated[bool, Field(description="add it whether its source answers or not")] = False

    def config(self) -> CameraConfig:
        """Return it as a camera of a configuration. Raises InvalidRequestError."""
        options = self.model_dump(exclude={"camera_id", "source", "keep"}, exclude_unset=True)
        return CameraConfig.of(self.camera_id, self.source, **options)


def _expand(value: object) -> object:
    """Put the values of ``preset`` below those that are given, and refuse unknown names."""
    if not isinstance(value, dict):
        return value
    known = [each.name for each in fields(Faults)]
    unknown = [name for name in value if name not in ("preset", *known)]
    if unknown:
        raise ValueError(f"unknown fault '{unknown[0]}'; allowed: preset, {', '.join(known)}")
    given = dict(value)
    preset = given.pop("preset", None)
    return given if preset is None else asdict(find_preset(str(preset))) | given


class CameraChange(BaseModel):
    """What a running camera is to do otherwise; what is not given stays.

    ``faults`` are those fields of a fault that differ from none; ``preset`` names the faults of a
    fault trace, to which fields may be added. Null ends all faults.
    """

    model_config = ConfigDict(extra="forbid")

    sync_policy: SyncPolicy | None = None
    sync_tolerance_ms: ToleranceMs | None = None
    max_playout_delay_ms: PlayoutDelayMs | None = None
    max_stale_fraction: StaleFraction | None = None
    faults: Annotated[Faults | None, BeforeValidator(_expand)] = None


@router.get("")
async def list_cameras(channels: Channels) -> Report:
    """Return the cameras there are."""
    return {"cameras": [camera_report(camera.status()) for camera in channels.cameras.values()]}


@router.post("", status_code=201, responses={202: {"description": "Kept; it is being opened."}})
async def add_camera(
    body: CameraRequest, request: Request, response: Response, channels: Channels
) -> Report:
    """Add a camera; answers when its first picture has been seen, or that there was none.

    With ``keep`` it exists from now on, and is opened when it can be: 202 at once. With the
    setting ``state_folder`` it is there after a restart, too.
    """
    policy: SourcePolicy = request.app.state.source_policy
    policy.check(SourceSpec.parse(body.source))
    config = body.config()
    policy.check(config.spec)  # what is opened: a file may have come into being meanwhile
    camera = await channels.add_configured(config, keep=True, wait=not body.keep)
    if body.keep:
        response.status_code = 202
    return camera_report(camera.status())


@router.patch("/{camera_id}")
async def change_camera(body: CameraChange, camera: CameraOf, channels: Channels) -> Report:
    """Change a camera while it runs: how it is kept synchronised, and what goes wrong there."""
    if "faults" in body.model_fields_set:
        if not channels.settings.allow_fault_injection:
            raise FaultsNotAllowedError(
                "fault injection is disabled on this server",
                hint="Set allow_fault_injection to true.",
            )
        camera.inject(body.faults)
    camera.change(
        policy=body.sync_policy,
        tolerance_ms=body.sync_tolerance_ms,
        max_playout_delay_ms=body.max_playout_delay_ms,
        max_stale_fraction=body.max_stale_fraction,
    )
    return camera_report(camera.status())


@router.delete("/{camera_id}", status_code=204)
async def remove_camera(camera_id: str, channels: Channels) -> None:
    """Remove a camera; its viewers get ``end``. One that is being opened is given up."""
    await channels.forget_camera(camera_id)


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
