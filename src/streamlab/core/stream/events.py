"""What a stream asks of the shell round it."""

from __future__ import annotations

from dataclasses import dataclass

from streamlab.core.channels import ChannelKey, QualityLevel, View
from streamlab.core.stream.ring import Released
from streamlab.core.sync.events import BoxDeadline


@dataclass(frozen=True, slots=True)
class EncodersWanted:
    """Run these encoders and no others."""

    keys: frozenset[ChannelKey]


@dataclass(frozen=True, slots=True)
class SwitchDone:
    """The new channel's init and keyframe are queued to the connection."""

    connection_id: str
    previous_channel: View
    channel: View
    quality: QualityLevel
    at_pts: int
    requested_ns: int


@dataclass(frozen=True, slots=True)
class SwitchTimedOut:
    """The new channel gave no keyframe in time; the old one goes on."""

    connection_id: str


@dataclass(frozen=True, slots=True)
class EventsQueued:
    """There is something for the connections to read."""


@dataclass(frozen=True, slots=True)
class FragmentReleased:
    """A fragment has left, and the connections may read it; ``now_ns`` is monotonic."""

    entry: Released
    now_ns: int


StreamEvent = (
    BoxDeadline | EncodersWanted | FragmentReleased | SwitchDone | SwitchTimedOut | EventsQueued
)
