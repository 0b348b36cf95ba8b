"""Init segments and fragments by URL, for clients and caches that prefer bytes to base64."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from streamlab.core.channels import ChannelKey, QualityLevel
from streamlab.errors import NoLongerHeldError
from streamlab.server.dependencies import AccessToCamera, CameraOf, Manager
from streamlab.server.problems import problem_responses

router = APIRouter(prefix="/streams", tags=["media"], responses=problem_responses(410))


class VideoResponse(Response):
    """Bytes of a video."""

    media_type = "video/mp4"


async def caching_of(manager: Manager) -> dict[str, str]:
    """Return the caching header for the media behind a URL, which never changes.

    Init ids are hashes, and sequence numbers are never reused. Where tokens are required, no cache
    may serve the bytes to others.
    """
    scope = "private" if manager.settings.asks_for_tokens else "public"
    return {"Cache-Control": f"{scope}, max-age=86400, immutable"}


Caching = Annotated[dict[str, str], Depends(caching_of)]


@router.get("/{camera_id}/{channel}/{quality}/init-{init_id}.mp4", response_class=VideoResponse)
async def init_segment(
    camera: CameraOf,
    channel: str,
    quality: QualityLevel,
    init_id: str,
    caching: Caching,
    access: AccessToCamera,
) -> VideoResponse:
    """Return an init segment (`ftyp` + `moov`)."""
    camera.check_channels([channel], access)
    data = camera.init_segment(init_id)
    if data is None:
        raise NoLongerHeldError(
            f"the {channel} channel in {quality} quality has no init segment '{init_id}'",
            hint="Use the init_id of the newest init event.",
        )
    return VideoResponse(data, headers=caching)


@router.get("/{camera_id}/{channel}/{quality}/{sequence}.m4s", response_class=VideoResponse)
async def fragment(
    camera: CameraOf,
    channel: str,
    quality: QualityLevel,
    sequence: Annotated[int, Path(ge=0, lt=2**63)],
    caching: Caching,
    access: AccessToCamera,
) -> VideoResponse:
    """Return a fragment (`moof` + `mdat`) of the newest two GOPs."""
    camera.check_channels([channel], access)
    data = camera.fragment(ChannelKey(channel, quality), sequence)
    if data is None:
        raise NoLongerHeldError(
            f"fragment {sequence} of the {channel} channel in {quality} quality is not available",
            hint="Only the newest two GOPs are kept; continue with the newest fragment event.",
        )
    return VideoResponse(data, headers=caching)
