"""Resolves requested qualities; ``auto`` is resolved when a viewer joins or switches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from streamlab.core.channels import AUTO, RAW, QualityLevel, levels_of, qualities_of
from streamlab.errors import InvalidRequestError

DEFAULT_QUALITY = QualityLevel.MEDIUM


def resolve(channel: str, asked: str, *, passthrough: bool) -> QualityLevel:
    """Return the quality of a channel for the requested one.

    ``auto`` is the camera's own H.264 for raw where that can be passed through, else ``medium``.
    Raises InvalidRequestError if the channel has no such quality.
    """
    if asked == AUTO:
        return QualityLevel.SOURCE if channel == RAW and passthrough else DEFAULT_QUALITY
    if asked not in levels_of(channel):
        raise InvalidRequestError(
            f"the {channel} channel has no quality '{asked}'",
            hint=f"Allowed: {', '.join(qualities_of(channel))}.",
        )
    return QualityLevel(asked)


def resolve_all(
    channels: Iterable[str], asked: Mapping[str, str], *, passthrough: bool
) -> dict[str, QualityLevel]:
    """Return the quality of each channel; ``medium`` where none was requested."""
    return {
        channel: resolve(channel, asked.get(channel, DEFAULT_QUALITY), passthrough=passthrough)
        for channel in channels
    }


def resolve_switch(
    channels: Sequence[str], asked: str, *, passthrough: bool
) -> dict[str, QualityLevel]:
    """Return the qualities that a switch to these channels sets.

    Of several channels ``source``, which exists for raw only, leaves the others as they
    are. Raises InvalidRequestError if none of the channels has that quality.
    """
    able = [each for each in channels if asked in qualities_of(each)]
    return {
        channel: resolve(channel, asked, passthrough=passthrough) for channel in able or channels
    }
