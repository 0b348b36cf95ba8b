"""What the API answers with, for OpenAPI and to check that it does.

Most answers show a status of ``streamlab.protocol``; their models are made from it. Members that
are not named here are passed on. Routes use ``response_model_exclude_unset``, so that a member that
is left out stays out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, Literal, get_type_hints

from pydantic import BaseModel, ConfigDict, create_model

from streamlab.protocol.health import ChannelHealth, DetectorStatus, RendererStatus
from streamlab.protocol.status import CameraStatus, ChannelCounts, Quantiles, StreamStatus
from streamlab.server.truth import TruthRow


class Answer(BaseModel):
    """Base of all answers."""

    model_config = ConfigDict(extra="allow")


def _model(name: str, status: Any, *, without: tuple[str, ...] = (), **more: Any) -> Any:
    """Return a model with the fields of a status dataclass; ``more`` adds fields or replaces them.

    Fields with a default may be left out.
    """
    hints = get_type_hints(status)
    members: dict[str, Any] = {
        each.name: (hints[each.name], ... if each.default is MISSING else each.default)
        for each in fields(status)
        if each.name not in (*without, *more)
    }
    return create_model(name, __base__=Answer, **members, **more)


Renderer = _model("Renderer", RendererStatus)
Channel = _model("Channel", ChannelHealth, renderer=(Renderer | None, None))
Detector = _model("Detector", DetectorStatus, without=("state", "detail"))
Camera = _model(
    "Camera",
    CameraStatus,
    without=(*("stream", "sync", "drift_ms", "sync_violations", "playout_delay_ms", "counts"),),
    stream_id=(str, ...),
    detector=(Detector, ...),
    channels=(list[Channel], ...),  # type: ignore[valid-type]
    sync_policy=(str, ...),
    sync_tolerance_ms=(float, ...),
    max_playout_delay_ms=(float, ...),
    max_stale_fraction=(float, ...),
    faults=(Mapping[str, object] | None, ...),
    viewers=(int, ...),
)
Cameras = create_model("Cameras", __base__=Answer, cameras=(list[Camera], ...))  # type: ignore[valid-type]


class Drops(Answer):
    """What viewers did not get: frames, fragments (as ``gap`` events) and control events."""

    at_source: int
    gaps: int
    control_events: int


Stream = _model(
    "Stream",
    StreamStatus,
    without=("viewers", "channel_counts", "dropped_at_source"),
    connections=(int, ...),
    subscriptions=(Mapping[str, int], ...),
    channels=(Mapping[str, ChannelCounts], ...),
    drops=(Drops, ...),
    switch_ms=(Quantiles, ...),
)


class Streams(Answer):
    """All streams, and their totals."""

    streams: list[Stream]  # type: ignore[valid-type]
    total_streams: int
    total_connections: int
    total_subscriptions: int
    degraded_streams: int
    switches: int
    switch_ms: Quantiles


class Subscription(Answer):
    """A channel that a connection is sent; ``detections`` has no quality."""

    channel_type: str
    quality: str | None


class Subscriptions(Answer):
    """What a connection is sent."""

    connection_id: str
    stream_id: str
    subscriptions: list[Subscription]


class Switched(Answer):
    """A switch that was done."""

    connection_id: str
    previous_channel: str
    channel: str
    quality: str
    at_pts: int
    switch_ms: float


class TruthOfFrame(Answer):
    """The ground truth of a frame."""

    pts: int
    boxes: list[TruthRow]


class Truth(Answer):
    """The ground truth of the frames from ``from_pts`` up to, not including, ``to_pts``."""

    camera_id: str
    from_pts: int
    to_pts: int
    frames: list[TruthOfFrame]


class Alive(Answer):
    """The process responds."""

    status: Literal["ok"]


class Readiness(Answer):
    """Whether the cameras of the start can be watched, and why not."""

    status: Literal["ready", "not ready"]
    cameras: Mapping[str, str]
    waiting: Mapping[str, str]
