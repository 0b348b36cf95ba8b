"""Events of a stream, for the code that runs it to act on."""

from __future__ import annotations

from dataclasses import dataclass

from streamlab.core.channels import ChannelKey, QualityLevel, View
from streamlab.core.stream.ring import Released


@dataclass(frozen=True, slots=True)
class EncodersWanted:
    """Exactly these encoders are to run."""

    keys: frozenset[ChannelKey]


@dataclass(frozen=True, slots=True)
class SwitchDone:
    """The new view's init segments and keyframes are queued for the connection."""

    connection_id: str
    previous_channel: View
    channel: View
    quality: QualityLevel
    at_pts: int
    requested_ns: int


@dataclass(frozen=True, slots=True)
class SwitchTimedOut:
    """The new view had no keyframe in time; the previous one continues."""

    connection_id: str


@dataclass(frozen=True, slots=True)
class EventsQueued:
    """The connections have something to read."""


@dataclass(frozen=True, slots=True)
class FragmentReleased:
    """A fragment was released and the connections may read it; ``now_ns`` is monotonic."""

    entry: Released
    now_ns: int


StreamEvent = EncodersWanted | FragmentReleased | SwitchDone | SwitchTimedOut | EventsQueued
