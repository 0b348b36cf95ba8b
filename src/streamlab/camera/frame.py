"""The data that the threads of a camera exchange."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from streamlab.core.channels import SourceState
from streamlab.media.passthrough import Passthrough
from streamlab.media.picture import Picture


class CapturedFrame(NamedTuple):
    """A captured picture, with everything that was decided about it at capture."""

    picture: Picture
    duration: int
    """How long it is shown, ticks of 1/90000 s."""
    keyframe: bool
    """True if every encoder makes it an IDR."""
    captured_ns: int
    captured_at: float
    passthrough: Passthrough | None = None

    @property
    def pts(self) -> int:
        """Ticks of 1/90000 s on the camera's timeline."""
        return self.picture.pts


@dataclass(frozen=True, slots=True)
class SourceChanged:
    """The source was opened, stopped, or is being retried; ``detail`` is the reason as text."""

    state: SourceState
    detail: str
    retry_at: float | None = None
    """The next attempt, Unix seconds; None: it is open, being opened, or has ended."""


@dataclass(frozen=True, slots=True)
class DetectionTimed:
    """The time from a frame's capture to its detections, ns; None if they will not come."""

    channel: str
    pts: int
    lag_ns: int | None
