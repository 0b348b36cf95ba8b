"""Endpoints that list, add, change and remove cameras."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from streamlab.config.camera import CameraConfig, CameraOptions
from streamlab.core.sync.policy import SyncPolicy
from streamlab.errors import FaultsNotAllowedError
from streamlab.faults import Faults, find_preset
from streamlab.media.spec import MAX_SOURCE_CHARS, SourcePolicy, SourceSpec
from streamlab.server.streams import CameraOf, Manager
from streamlab.server.truth import true_boxes
from streamlab.settings import PlayoutDelayMs, StaleFraction, ToleranceMs
from streamlab.viewers.reports import Report, camera_report

router = APIRouter(prefix="/cameras", tags=["cameras"])


class CameraRequest(CameraOptions):
    """A camera to add. ``source`` must be one that the server is allowed to open."""

    model_config = ConfigDict(extra="ignore", title="CameraRequest")

    camera_id: str
    source: Annotated[str, Field(max_length=MAX_SOURCE_CHARS)]
    keep: Annotated[bool, Field(description="add it whether its source answers or not")] = False

    def config(self) -> CameraConfig:
        """Return the configuration of the camera. Raises InvalidRequestError."""
        options = self.model_dump(exclude={"camera_id", "source", "keep"}, exclude_unset=True)
        return CameraConfig.of(self.camera_id, self.source, **options)


def _expand(value: object) -> object:
    """Add the values of ``preset`` to those given, which take precedence; reject unknown names."""
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
    """Changes to a running camera; omitted fields stay as they are.

    ``faults`` has the fields that differ from no faults; its ``preset`` names the faults of a fault
    trace, to which fields may be added. Null clears all faults.
    """

    model_config = ConfigDict(extra="forbid")

    sync_policy: SyncPolicy | None = None
    sync_tolerance_ms: ToleranceMs | None = None
    max_playout_delay_ms: PlayoutDelayMs | None = None
    max_stale_fraction: StaleFraction | None = None
    faults: Annotated[Faults | None, BeforeValidator(_expand)] = None


@router.get("")
async def list_cameras(manager: Manager) -> Report:
    """Return all cameras."""
    return {"cameras": [camera_report(camera.status()) for camera in manager.cameras.values()]}


@router.post("", status_code=201, responses={202: {"description": "Kept; it is being opened."}})
async def add_camera(
    body: CameraRequest, request: Request, response: Response, manager: Manager
) -> Report:
    """Add a camera; responds once its first picture has been seen, or with an error if none came.

    With ``keep`` the response is 202 at once: the camera exists from now on, and is opened when
    that is possible. With the setting ``state_folder`` it also exists after a restart.
    """
    policy: SourcePolicy = request.app.state.source_policy
    policy.check(SourceSpec.parse(body.source))
    config = body.config()
    policy.check(config.spec)  # as opened: a file may have appeared meanwhile
    camera = await manager.add_configured(config, keep=True, wait=not body.keep)
    if body.keep:
        response.status_code = 202
    return camera_report(camera.status())


@router.patch("/{camera_id}")
async def change_camera(body: CameraChange, camera: CameraOf, manager: Manager) -> Report:
    """Change a running camera: its synchronisation settings and its injected faults."""
    if "faults" in body.model_fields_set:
        if not manager.settings.allow_fault_injection:
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
async def remove_camera(camera_id: str, manager: Manager) -> None:
    """Remove a camera; its viewers get ``end``. One that is being opened is abandoned."""
    await manager.forget_camera(camera_id)


@router.get("/{camera_id}/truth")
def get_truth(
    camera: CameraOf, from_pts: Annotated[int, Query(ge=0)], to_pts: Annotated[int, Query(ge=0)]
) -> Report:
    """Return the ground truth of a synthetic camera's frames, for a page to draw over them.

    The frames are those from ``from_pts`` up to, not including, ``to_pts``, at most 10 s; a box is
    ``[x1, y1, x2, y2, class_name, track_id]`` in px of the captured frame.
    """
    frames = true_boxes(camera.spec, from_pts, to_pts)  # slow: not in the event loop
    return {"camera_id": camera.camera_id, "from_pts": from_pts, "to_pts": to_pts, "frames": frames}
