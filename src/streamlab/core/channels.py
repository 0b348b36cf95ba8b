"""The nouns of the project: channels, views, qualities, and what is said about them.

A camera has the channel ``raw`` and any number of annotated channels, each with a name of its own;
the first is called ``annotated``. A *view* is what a connection is sent: one channel or several.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import ClassVar, NamedTuple

from streamlab.errors import InvalidRequestError

RAW = "raw"
ANNOTATED = "annotated"
BOTH = "both"
"""The view of exactly raw and annotated."""
RESERVED_NAMES = frozenset({BOTH, "overlay", "detections", "truth", "mux"})
_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")


class ChannelType(StrEnum):
    """The channels that every camera starts with."""

    RAW = RAW
    ANNOTATED = ANNOTATED


def is_channel_name(name: str) -> bool:
    """Return whether a channel may have this name."""
    return name not in RESERVED_NAMES and _NAME.fullmatch(name) is not None


def check_annotated_name(name: str) -> None:
    """Raise InvalidRequestError if no annotated channel may have this name."""
    if name == RAW or not is_channel_name(name):
        reserved = ", ".join(sorted({RAW, *RESERVED_NAMES}))
        raise InvalidRequestError(
            f"'{name}' cannot be the name of an annotated channel",
            hint=f"Use up to 32 of a-z, 0-9 and -, starting with a letter; not {reserved}.",
        )


def raw_first(channels: Iterable[str]) -> tuple[str, ...]:
    """Return the channels, each once, with raw before the others."""
    return tuple(sorted(dict.fromkeys(channels), key=lambda channel: channel != RAW))


def channels_of(view: str) -> tuple[str, ...]:
    """Return the channels of a view, raw first, whatever names it has: as a server says it."""
    return (RAW, ANNOTATED) if view == BOTH else raw_first(filter(None, view.split(",")))


def view_name(channels: Iterable[str]) -> str:
    """Return the name of the view with these channels."""
    ordered = raw_first(channels)
    return BOTH if ordered == (RAW, ANNOTATED) else ",".join(ordered)


class View(str):
    """What a connection is sent: a channel's name, ``both``, or names joined by commas, raw first.

    A view equals its name: ``View("annotated,raw") == "both"``.
    """

    __slots__ = ("channels",)
    channels: tuple[str, ...]
    """The channels of the view, raw first."""
    RAW: ClassVar[View]
    ANNOTATED: ClassVar[View]
    BOTH: ClassVar[View]

    def __new__(cls, view: str) -> View:
        """Parse a view. Raises InvalidRequestError if a name in it cannot be a channel's."""
        channels = channels_of(view)
        if not channels or not all(map(is_channel_name, channels)):
            raise InvalidRequestError(
                f"unknown view '{view}'",
                hint="Allowed: raw, annotated, both, or names of channels joined by commas.",
            )
        self = super().__new__(cls, view_name(channels))
        self.channels = channels
        return self

    @classmethod
    def of(cls, channels: Iterable[str]) -> View:
        """Return the view of these channels. Raises InvalidRequestError."""
        return cls(",".join(channels))


View.RAW, View.ANNOTATED, View.BOTH = View(RAW), View(ANNOTATED), View(BOTH)


class QualityLevel(StrEnum):
    """How much picture a channel carries. ``source`` exists for raw only."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    SOURCE = "source"


class ChannelKey(NamedTuple):
    """One encoding of one channel."""

    channel: str
    quality: QualityLevel


ENCODED_QUALITIES = (QualityLevel.LOW, QualityLevel.MEDIUM, QualityLevel.HIGH)
AUTO = "auto"
"""The quality that the server chooses when a viewer joins or switches."""


def levels_of(channel: str) -> tuple[QualityLevel, ...]:
    """Return the qualities that a channel exists in."""
    return tuple(QualityLevel) if channel == RAW else ENCODED_QUALITIES


def qualities_of(channel: str) -> tuple[str, ...]:
    """Return the qualities that a channel may be asked for in."""
    return (*map(str, levels_of(channel)), AUTO)


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
    """How well an annotated channel keeps to raw; from the best to the worst."""

    SYNCHRONIZED = "synchronized"
    CORRECTING = "correcting"
    DEGRADED = "degraded"


@dataclass(frozen=True, slots=True)
class CameraMetadata:
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
