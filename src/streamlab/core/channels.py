"""The basic types: channels, views, qualities, and the states of sources and channels.

A camera has the channel ``raw`` and any number of named annotated channels; the first is called
``annotated``. A *view* is the set of channels that a connection receives: one or several.
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
    """The channels that every camera has at the start."""

    RAW = RAW
    ANNOTATED = ANNOTATED


def is_channel_name(name: str) -> bool:
    """Return True if ``name`` is a valid channel name."""
    return name not in RESERVED_NAMES and _NAME.fullmatch(name) is not None


def check_annotated_name(name: str) -> None:
    """Raise InvalidRequestError if ``name`` is not a valid name for an annotated channel."""
    if name == RAW or not is_channel_name(name):
        reserved = ", ".join(sorted({RAW, *RESERVED_NAMES}))
        raise InvalidRequestError(
            f"'{name}' cannot be the name of an annotated channel",
            hint=f"Use up to 32 of a-z, 0-9 and -, starting with a letter; not {reserved}.",
        )


def raw_first(channels: Iterable[str]) -> tuple[str, ...]:
    """Return the channels without duplicates, raw first."""
    return tuple(sorted(dict.fromkeys(channels), key=lambda channel: channel != RAW))


def channels_of(view: str) -> tuple[str, ...]:
    """Return the channels of a view that a server reported, raw first; names are not validated."""
    return (RAW, ANNOTATED) if view == BOTH else raw_first(filter(None, view.split(",")))


def view_name(channels: Iterable[str]) -> str:
    """Return the name of the view that consists of these channels."""
    ordered = raw_first(channels)
    return BOTH if ordered == (RAW, ANNOTATED) else ",".join(ordered)


class View(str):
    """What a connection receives: a channel name, ``both``, or names joined by commas, raw first.

    A view is equal to its name: ``View("annotated,raw") == "both"``.
    """

    __slots__ = ("channels",)
    channels: tuple[str, ...]
    """The channels of the view, raw first."""
    RAW: ClassVar[View]
    ANNOTATED: ClassVar[View]
    BOTH: ClassVar[View]

    def __new__(cls, view: str) -> View:
        """Parse a view. Raises InvalidRequestError if it is empty or a channel name is invalid."""
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
        """Return the view of these channels. Raises InvalidRequestError as the constructor does."""
        return cls(",".join(channels))


View.RAW, View.ANNOTATED, View.BOTH = View(RAW), View(ANNOTATED), View(BOTH)


class QualityLevel(StrEnum):
    """The encoding quality of a channel. ``source`` exists for raw only."""

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
    """Return the qualities in which a channel is available."""
    return tuple(QualityLevel) if channel == RAW else ENCODED_QUALITIES


def qualities_of(channel: str) -> tuple[str, ...]:
    """Return the qualities that may be requested for a channel, ``auto`` included."""
    return (*map(str, levels_of(channel)), AUTO)


class SourceState(StrEnum):
    """The state of a camera's source."""

    CONNECTING = "connecting"
    LIVE = "live"
    STALLED = "stalled"
    RECONNECTING = "reconnecting"
    ENDED = "ended"
    FAILED = "failed"
    """No further attempt will be made to open the source."""


class SyncState(StrEnum):
    """How well an annotated channel is synchronized with raw, from best to worst."""

    SYNCHRONIZED = "synchronized"
    CORRECTING = "correcting"
    DEGRADED = "degraded"


@dataclass(frozen=True, slots=True)
class CameraMetadata:
    """The properties of a camera that a viewer needs. Sizes are those of a captured frame, px."""

    width: int
    height: int
    fps: Fraction
    codec: str
    source_passthrough: bool
    source_quality_detail: str

    @property
    def is_known(self) -> bool:
        """True once the frame size is known; until then size and rate are placeholders."""
        return self.width > 0
