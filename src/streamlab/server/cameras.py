"""Endpoints that list, add, change and remove cameras."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Annotated, Any, get_type_hints

from fastapi import APIRouter, Query, Request, Response
from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema
from starlette.concurrency import run_in_threadpool

from streamlab.config.camera import CameraConfig, CameraOptions
from streamlab.core.access import CameraAccess
from streamlab.core.channels import RAW
from streamlab.core.sync.policy import SyncPolicy
from streamlab.errors import FaultsNotAllowedError, NotAllowedError
from streamlab.faults import PRESETS, Faults
from streamlab.media.spec import MAX_SOURCE_CHARS, SourcePolicy, SourceSpec
from streamlab.server import models
from streamlab.server.access import AccessOf, check_changes, visible_camera
from streamlab.server.bodies import Body, check_numbers
from streamlab.server.dependencies import AccessToCamera, CameraOf, Manager
from streamlab.server.json_bounds import BoundedRoute
from streamlab.server.problems import is_like_a_name, problem_responses
from streamlab.server.truth import true_boxes
from streamlab.settings import PlayoutDelayMs, StaleFraction, ToleranceMs
from streamlab.viewers.camera import Camera
from streamlab.viewers.reports import Report, camera_report
from streamlab.viewers.visible import visible_status

# As a JavaScript number; and far below where the scene's arithmetic would lose whole pixels.
MAX_PTS = 2**53 - 1
Pts = Annotated[int, Query(ge=0, le=MAX_PTS)]
router = APIRouter(prefix="/cameras", tags=["cameras"], route_class=BoundedRoute)


class CameraRequest(CameraOptions, Body):
    """A camera to add. ``source`` must be one that the server is allowed to open."""

    model_config = ConfigDict(extra="ignore", title="CameraRequest")

    camera_id: Annotated[
        str, Field(json_schema_extra={"pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"})
    ]
    source: Annotated[str, Field(min_length=1, max_length=MAX_SOURCE_CHARS)]
    keep: Annotated[bool, Field(description="add it whether its source answers or not")] = False

    def config(self, policy: SourcePolicy) -> CameraConfig:
        """Return the configuration of the camera.

        Looks for files, which may take a while. Raises InvalidRequestError, SourceError, and
        SourceNotAllowedError if ``policy`` forbids the source.
        """
        policy.check(SourceSpec.parse(self.source))
        options = self.model_dump(exclude={"camera_id", "source", "keep"}, exclude_unset=True)
        config = CameraConfig.of(self.camera_id, self.source, **options)
        policy.check(config.spec)  # as opened: a file may have appeared meanwhile
        return config


def _expand(value: object) -> object:
    """Add the values of ``preset`` to those given, which take precedence; reject unknown names."""
    if not isinstance(value, dict):
        return value
    known = [each.name for each in fields(Faults)]
    unknown = [name for name in value if name not in ("preset", *known)]
    if unknown:
        raise ValueError(f"unknown fault{_named(unknown[0])}; allowed: preset, {', '.join(known)}")
    check_numbers(value, get_type_hints(Faults))
    given = dict(value)
    preset = given.pop("preset", None)
    if preset is None:
        return given
    if preset not in tuple(PRESETS):  # a tuple: what was sent may be unhashable
        raise ValueError(f"unknown fault preset{_named(preset)}; allowed: {', '.join(PRESETS)}")
    return asdict(PRESETS[preset]) | given


def _named(value: object) -> str:
    return f" '{value}'" if is_like_a_name(value) else ""


def _describe_faults() -> dict[str, Any]:
    """Return the JSON schema of ``faults``, with the ranges that ``Faults`` allows."""
    names = {int: "integer", float: "number", bool: "boolean"}
    kinds = get_type_hints(Faults)
    described: dict[str, Any] = {"preset": {"enum": [*PRESETS, None]}}
    for each in fields(Faults):
        low, high = each.metadata.get("bounds", (None, None))
        bounds = {} if low is None else {"minimum": low, "maximum": high}
        described[each.name] = {"type": names[kinds[each.name]], **bounds}
    faults = {"type": "object", "properties": described, "additionalProperties": False}
    return {"anyOf": [faults, {"type": "null"}]}


class CameraChange(Body):
    """Changes to a running camera; omitted fields stay as they are.

    ``faults`` has the fields that differ from no faults; its ``preset`` names the faults of a fault
    trace, to which fields may be added. Null clears all faults.
    """

    model_config = ConfigDict(extra="forbid")

    sync_policy: SyncPolicy | None = None
    sync_tolerance_ms: ToleranceMs | None = None
    max_playout_delay_ms: PlayoutDelayMs | None = None
    max_stale_fraction: StaleFraction | None = None
    faults: Annotated[
        Faults | None, BeforeValidator(_expand), WithJsonSchema(_describe_faults())
    ] = None


@router.get("", response_model=models.Cameras, response_model_exclude_unset=True)
async def list_cameras(manager: Manager, access: AccessOf) -> Report:
    """Return all cameras that the token may see, with the channels that it may see."""
    cameras = [each for name, each in manager.cameras.items() if access.sees(name)]
    return {"cameras": [_report(camera, access.of(camera.camera_id)) for camera in cameras]}


def _report(camera: Camera, access: CameraAccess) -> Report:
    return camera_report(visible_status(camera.status(), access))


@router.post(
    "",
    status_code=201,
    response_model=models.Camera,
    response_model_exclude_unset=True,
    responses={
        202: {"model": models.Camera, "description": "Kept; it is being opened."},
        **problem_responses(409, 429, 503, 507),
    },
)
async def add_camera(
    body: CameraRequest, request: Request, response: Response, manager: Manager, access: AccessOf
) -> Report:
    """Add a camera; responds once its first picture has been seen, or with an error if none came.

    With ``keep`` the response is 202 at once: the camera exists from now on, and is opened when
    that is possible. With the setting ``state_folder`` it also exists after a restart.
    """
    check_changes(access, body.camera_id)
    policy: SourcePolicy = request.app.state.source_policy
    config = await run_in_threadpool(body.config, policy)
    limits = policy.limits_of(config.spec)
    camera = await manager.add_configured(config, keep=True, wait=not body.keep, limits=limits)
    if body.keep:
        response.status_code = 202
    return _report(camera, access.of(camera.camera_id))


@router.patch("/{camera_id}", response_model=models.Camera, response_model_exclude_unset=True)
async def change_camera(
    body: CameraChange, camera: CameraOf, manager: Manager, access: AccessOf
) -> Report:
    """Change a running camera: its synchronisation settings and its injected faults."""
    check_changes(access, camera.camera_id)
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
    return _report(camera, access.of(camera.camera_id))


@router.delete("/{camera_id}", status_code=204, responses=problem_responses(507))
async def remove_camera(camera_id: str, manager: Manager, access: AccessOf) -> None:
    """Remove a camera; its viewers get ``end``. One that is being opened is abandoned."""
    if camera_id not in manager.names or not access.sees(camera_id):
        visible_camera(manager, camera_id, access)  # raises
    check_changes(access, camera_id)
    await manager.forget_camera(camera_id)


@router.get("/{camera_id}/truth", response_model=models.Truth)
async def get_truth(
    camera: CameraOf, request: Request, from_pts: Pts, to_pts: Pts, access: AccessToCamera
) -> Report:
    """Return the ground truth of a synthetic camera's frames, for a page to draw over them.

    The frames are those from ``from_pts`` up to, not including, ``to_pts``, at most 10 s; a box is
    ``[x1, y1, x2, y2, class_name, track_id]`` in px of the captured frame.
    A token that is limited to channels needs ``raw``: the truth is what the source shows.
    """
    if not access.watches(RAW):
        raise NotAllowedError("the ground truth is for tokens that may see raw")
    async with request.app.state.truth_turn:  # else many requests would occupy all threads
        frames = await run_in_threadpool(true_boxes, camera.spec, from_pts, to_pts)
    return {"camera_id": camera.camera_id, "from_pts": from_pts, "to_pts": to_pts, "frames": frames}
