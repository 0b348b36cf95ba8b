"""Events for the client's tests: no server, no network."""

from __future__ import annotations

from streamlab.client import Connected, Fragment, FrameInfo, Gap, Init, Switched
from streamlab.core.mp4.box import Sample, init_segment, media_segment
from tests.core.makers import SETS

FRAME = 3000


def connected(stream_id: str = "street-1", *channels: str) -> Connected:
    return Connected(
        camera_id="street",
        connection_id="c1",
        stream_id=stream_id,
        channels=channels or ("raw",),
        sync_tolerance_ms=50.0,
        playout_delay_ms=0.0,
        server_time=1.0,
        protocol=1,
    )


def init(channel: str = "raw", *, width: int = 640, quality: str = "medium") -> Init:
    return Init(
        camera_id="street",
        channel=channel,
        quality=quality,
        init_id=f"i{width}",
        codec="avc1.42c01e",
        width=width,
        height=360,
        fps=30.0,
        data=init_segment(SETS, width, 360),
    )


def fragment(
    sequence: int,
    channel: str = "raw",
    *,
    keyframe: bool = False,
    quality: str = "medium",
    cached: bool = False,
    captured_at: float = 1.0,
    released_at: float = 1.0,
    pts: int | None = None,
) -> Fragment:
    pts = sequence * FRAME if pts is None else pts
    return Fragment(
        camera_id="street",
        channel=channel,
        quality=quality,
        sequence=sequence,
        init_id="i640",
        pts=pts,
        duration=FRAME,
        keyframe=keyframe,
        cached=cached,
        captured_at=captured_at,
        released_at=released_at,
        frames=(FrameInfo(pts=pts),),
        data=media_segment(sequence, pts, [Sample(b"slice", FRAME, keyframe)]),
    )


def gap(
    start: int | None, end: int | None, channel: str = "raw", reason: str = "slow_client"
) -> Gap:
    return Gap(
        camera_id="street",
        channel=channel,
        quality="medium",
        from_sequence=start,
        to_sequence=end,
        reason=reason,
    )


def switched(channel: str, previous: str, at_pts: int = 0, quality: str = "medium") -> Switched:
    return Switched(
        camera_id="street",
        channel=channel,
        quality=quality,
        previous_channel=previous,
        at_pts=at_pts,
        reason="client",
    )
