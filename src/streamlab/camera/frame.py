"""What travels between the threads of a camera."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from streamlab.core.channels import SourceState
from streamlab.media.passthrough import Passthrough
from streamlab.media.picture import Picture


class CapturedFrame(NamedTuple):
    """A picture, and all that was decided about it where it was captured."""

    picture: Picture
    duration: int
    """How long it is shown, ticks."""
    keyframe: bool
    """Every encoder makes it an IDR."""
    captured_ns: int
    captured_at: float
    passthrough: Passthrough | None = None

    @property
    def pts(self) -> int:
        """Ticks of 1/90000 s on the camera's timeline."""
        return self.picture.pts


@dataclass(frozen=True, slots=True)
class SourceChanged:
    """The source came, stopped, or is being tried again; ``detail`` says why in words."""

    state: SourceState
    detail: str
    retry_at: float | None = None
    """When it is tried again, Unix seconds; None: it is open, or being opened, or has ended."""


@dataclass(frozen=True, slots=True)
class DetectionTimed:
    """How long after its capture the detections of a frame came; None when they will not."""

    channel: str
    pts: int
    lag_ns: int | None
