"""The nouns of the project: channels, qualities, and what is said about them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple


class ChannelType(StrEnum):
    """One of the two pictures of a camera."""

    RAW = "raw"
    ANNOTATED = "annotated"


class View(StrEnum):
    """What a connection asks to be sent: one channel or both."""

    RAW = "raw"
    ANNOTATED = "annotated"
    BOTH = "both"

    @property
    def channels(self) -> tuple[ChannelType, ...]:
        """The channels of the view, raw first."""
        return tuple(ChannelType) if self is View.BOTH else (ChannelType(self.value),)


class QualityLevel(StrEnum):
    """How much picture a channel carries. ``source`` exists for raw only."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    SOURCE = "source"


class ChannelKey(NamedTuple):
    """One encoding of one channel."""

    channel: ChannelType
    quality: QualityLevel


ENCODED_QUALITIES = (QualityLevel.LOW, QualityLevel.MEDIUM, QualityLevel.HIGH)
QUALITIES: dict[ChannelType, tuple[QualityLevel, ...]] = {
    ChannelType.RAW: tuple(QualityLevel),
    ChannelType.ANNOTATED: ENCODED_QUALITIES,
}


class SourceState(StrEnum):
    """How a camera is."""

    CONNECTING = "connecting"
    LIVE = "live"
    STALLED = "stalled"
    RECONNECTING = "reconnecting"
    ENDED = "ended"
    FAILED = "failed"
    """It will not be tried again."""


class SyncState(StrEnum):
    """How well the two channels of a camera keep together."""

    SYNCHRONIZED = "synchronized"
    CORRECTING = "correcting"
    DEGRADED = "degraded"


@dataclass(frozen=True, slots=True)
class ChannelMetadata:
    """What a camera is, as far as a viewer needs to know. Sizes are those of a captured frame."""

    width: int
    height: int
    fps: Fraction
    codec: str
    source_passthrough: bool
    source_quality_detail: str

    @property
    def is_known(self) -> bool:
        """Whether the camera has given a picture; size and rate say nothing before."""
        return self.width > 0
