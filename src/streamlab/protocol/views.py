"""Views: which channels a connection carries, and what that is called on the wire.

A view is the name of one channel, ``both`` for exactly raw and annotated, or names joined by
commas, raw first. Whether a camera has such channels is known to its server alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from streamlab.core.channels import ENCODED_QUALITIES, QualityLevel
from streamlab.errors import InvalidRequestError

RAW = "raw"
ANNOTATED = "annotated"
"""The first annotated channel of a camera; others have names of their own."""
BOTH = "both"
AUTO = "auto"
"""The quality that the server chooses when a viewer joins or switches."""
RESERVED_NAMES = frozenset({BOTH, "overlay", "detections", "truth", "mux"})
_CHANNEL = re.compile(r"[a-z][a-z0-9-]{0,31}")


def raw_first(channels: Iterable[str]) -> tuple[str, ...]:
    """Return the channels, each once, with raw before the others."""
    return tuple(sorted(dict.fromkeys(channels), key=lambda channel: channel != RAW))


def channels_of(view: str) -> tuple[str, ...]:
    """Return the channels of a view, as a server names it."""
    return (RAW, ANNOTATED) if view == BOTH else raw_first(filter(None, view.split(",")))


def view_name(channels: Iterable[str]) -> str:
    """Return the name of the view with these channels."""
    ordered = raw_first(channels)
    return BOTH if ordered == (RAW, ANNOTATED) else ",".join(ordered)


def parse_view(view: str) -> tuple[str, ...]:
    """Return the channels of a view, as a person names it. Raises InvalidRequestError."""
    channels = channels_of(view)
    if not channels or not all(map(is_channel, channels)):
        raise InvalidRequestError(
            f"unknown view '{view}'",
            hint="Allowed: raw, annotated, both, or names of channels joined by commas.",
        )
    return channels


def is_channel(name: str) -> bool:
    """Return whether a channel may have this name."""
    return name not in RESERVED_NAMES and _CHANNEL.fullmatch(name) is not None


def qualities_of(channel: str) -> tuple[str, ...]:
    """Return the qualities that a channel may be asked for in."""
    levels = QualityLevel if channel == RAW else ENCODED_QUALITIES
    return tuple(dict.fromkeys([*(str(level) for level in levels), AUTO]))
