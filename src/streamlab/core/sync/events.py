"""What a sync controller asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from streamlab.core.mp4.fragment import Fragment


class Release(NamedTuple):
    """This fragment leaves now."""

    fragment: Fragment


@dataclass(frozen=True, slots=True)
class BoxDeadline:
    """A frame of this channel is drawn with older boxes this long after it was captured.

    A shorter deadline than before applies to the frames that wait already.
    """

    channel: str
    deadline_ns: int
