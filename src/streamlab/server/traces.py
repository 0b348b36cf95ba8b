"""The endpoint that records a camera's frames as a trace, for analysis elsewhere."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Coroutine
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Query, Request, Response

from streamlab.errors import LimitError
from streamlab.server.dependencies import (
    AccessToCamera,
    CameraOf,
    Subscriptions,
    require_dual_channel,
)
from streamlab.server.in_flight import allow_more_time
from streamlab.server.methods import HEAD
from streamlab.server.problems import problem, problem_responses
from streamlab.viewers import Camera, ChannelSubscriptionManager

MAX_RECORDINGS = 4
MAX_SECONDS = 3600
MEDIA_TYPE = "application/vnd.apache.parquet"

T = TypeVar("T")
Seconds = Annotated[float, Query(ge=1, le=MAX_SECONDS, description="of media to record")]
router = APIRouter(prefix="/cameras", tags=["traces"], dependencies=[Depends(require_dual_channel)])


class TraceResponse(Response):
    """A trace as a file to be saved."""

    media_type = MEDIA_TYPE


def recording_slots() -> asyncio.Semaphore:
    """Return the semaphore that limits how many recordings an app runs at once."""
    return asyncio.Semaphore(MAX_RECORDINGS)


@router.get(
    "/{camera_id}/trace",
    response_class=TraceResponse,
    responses=problem_responses(429, 501, 503),
)
async def get_trace(
    camera: CameraOf,
    subscriptions: Subscriptions,
    request: Request,
    seconds: Seconds,
    access: AccessToCamera,
) -> Response:
    """Record a camera for ``seconds``, then return a trace in Parquet.

    The recording ends if the client disconnects.
    """
    camera.check_channels(camera.channels, access)  # a trace has all of them
    try:
        await asyncio.to_thread(_load)
    except ImportError as error:
        what = f"this server cannot record traces: {error.name or error} is not installed"
        return problem(
            501, "Not installed", what, "On the server: pip install 'streamlab-vision[traces]'"
        )
    slots: asyncio.Semaphore = request.app.state.recording_slots
    if slots.locked():
        raise LimitError(
            f"{MAX_RECORDINGS} recordings are already running",
            hint="Try again when one has finished.",
        )
    name = f"{camera.camera_id}-trace.parquet"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    if HEAD in request.scope:  # nothing is recorded, so how long it would be is unknown
        response = TraceResponse(headers=headers)
        del response.headers["content-length"]
        return response
    allow_more_time(request.scope, seconds)
    async with slots:
        data = await _unless_left(request, _record(camera, subscriptions, seconds))
    return TraceResponse(data, headers=headers)


def _load() -> None:
    """Import what a base installation may lack. Takes a second: not for the event loop."""
    for module in ("pandas", "pyarrow.parquet", "streamlab.analysis.record"):
        importlib.import_module(module)


async def _record(
    camera: Camera, subscriptions: ChannelSubscriptionManager, seconds: float
) -> bytes:
    from streamlab.analysis.record import record  # noqa: PLC0415
    from streamlab.analysis.table import write_trace  # noqa: PLC0415

    table = await record(camera, subscriptions, seconds=seconds)

    def to_parquet() -> bytes:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "trace.parquet"
            write_trace(table, path, table.attrs["about"])
            return path.read_bytes()

    return await asyncio.to_thread(to_parquet)


async def _unless_left(request: Request, work: Coroutine[Any, Any, T]) -> T | None:
    """Return the result of ``work``; cancel it and return None if the client disconnects."""
    working = asyncio.create_task(work)
    left = asyncio.create_task(_wait_until_left(request))
    try:
        await asyncio.wait({working, left}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        working.cancel()
        left.cancel()
        await asyncio.gather(working, left, return_exceptions=True)


async def _wait_until_left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
