"""Events of a sync controller."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from streamlab.core.mp4.fragment import Fragment


class Release(NamedTuple):
    """A fragment to release now."""

    fragment: Fragment


@dataclass(frozen=True, slots=True)
class BoxDeadline:
    """The new box deadline of a channel: how long after its capture a frame waits for detections.

    Then the frame is drawn with older ones. A shorter deadline than before also applies to frames
    that already wait.
    """

    channel: str
    deadline_ns: int
