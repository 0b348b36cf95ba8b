"""What a sync controller asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from streamlab.core.fragment import Fragment


class Release(NamedTuple):
    """This fragment leaves now."""

    fragment: Fragment


@dataclass(frozen=True, slots=True)
class BoxDeadline:
    """From now on a frame is drawn with older boxes this long after it was captured.

    A shorter one than before holds for the frames that wait already.
    """

    deadline_ns: int
