"""What was seen on a page, and what it says of a change of channel, view or quality. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

LATE_DRAW_MS = 25.0
"""Two animation frames further apart than this: the browser missed one of 16.7 ms."""
AFTER_MS = 500.0
"""So long after a change what happens is counted as near it."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a page; ``number`` is None where its truth strip cannot be read."""

    channel: str
    number: int | None
    white: bool
    width_px: int


@dataclass(frozen=True, slots=True)
class Look:
    """All pictures of a page in one animation frame, ms since the page began."""

    at_ms: float
    pictures: tuple[Picture, ...]

    @property
    def number(self) -> int | None:
        """The frame shown; None when a picture has none, or two pictures are not of one frame."""
        numbers = {picture.number for picture in self.pictures}
        return numbers.pop() if len(numbers) == 1 else None

    @property
    def shown(self) -> Shown | None:
        """Which channels are shown, by their channel cells; None where ``number`` is."""
        if self.number is None:
            return None
        cells = ["annotated" if picture.white else "raw" for picture in self.pictures]
        return Shown("+".join(cells), self.pictures[0].width_px)


@dataclass(frozen=True, slots=True)
class Shown:
    """``raw``, ``annotated`` or ``raw+annotated``, and how wide each picture is."""

    channels: str
    width_px: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen on a page over a while, and when something was pressed on it."""

    looks: Sequence[Look]
    presses_ms: Sequence[float]
    time_origin_ms: float

    @classmethod
    def of(cls, taken: dict[str, Any]) -> Seen:
        """Make it of what ``presented.take()`` gives."""
        looks = [
            Look(at_ms, tuple(Picture(*row) for row in pictures))
            for at_ms, pictures in taken["looks"]
        ]
        return cls(looks, taken["presses"], taken["timeOrigin"])


@dataclass(frozen=True, slots=True)
class Flow:
    """How the frame numbers of consecutive looks went on; ``skipped`` counts frames, not places."""

    seconds: float
    frames: int
    skipped: int
    skipped_late: int
    """Of the skipped: where the browser itself missed an animation frame."""
    back: int
    """Steps to an older frame: one that is shown again, or out of order."""
    blank: int
    """Looks at which a picture was missing, unreadable, or of another frame than its neighbour."""
    longest_ms: float
    """The longest that the picture did not change."""


def flow(looks: Sequence[Look]) -> Flow:
    """Return how the numbers went on."""
    frames = skipped = skipped_late = back = 0
    longest_ms = 0.0
    read = [look for look in looks if look.number is not None]
    changed_ms = read[0].at_ms if read else 0.0
    for before, after in pairwise(read):
        assert before.number is not None
        assert after.number is not None
        step = after.number - before.number
        longest_ms = max(longest_ms, after.at_ms - changed_ms)
        if step == 0:
            continue
        changed_ms = after.at_ms
        frames += 1
        back += step < 0
        missing = max(0, step - 1)
        skipped += missing
        skipped_late += missing if after.at_ms - before.at_ms > LATE_DRAW_MS else 0
    seconds = (looks[-1].at_ms - looks[0].at_ms) / 1000 if looks else 0.0
    return Flow(seconds, frames, skipped, skipped_late, back, len(looks) - len(read), longest_ms)


@dataclass(frozen=True, slots=True)
class Change:
    """One change: how long from the press to its first frame, and what it did to the flow."""

    ms: float
    step: int
    """From the last frame before it to its first frame: 1 when nothing was repeated or skipped."""
    stays: bool
    """The new view is a picture that was there before, so a step of 0 repeats nothing."""
    near: Flow
    """From the press until ``AFTER_MS`` after the first frame."""

    @property
    def exact(self) -> bool:
        """Whether it went on with exactly the next frame."""
        return self.step == 1 or (self.step == 0 and self.stays)


def change(looks: Sequence[Look], pressed_ms: float, target: Shown) -> Change | None:
    """Return what a press did; None when its target, or nothing before, was shown.

    ``looks`` are those from the press before it until the next one.
    """
    first = next(
        (at for at, look in enumerate(looks) if look.at_ms > pressed_ms and look.shown == target),
        None,
    )
    if first is None:
        return None
    shown = looks[first]
    before = next((look for look in reversed(looks[:first]) if look.number is not None), None)
    if before is None:
        return None
    assert shown.number is not None
    assert before.number is not None
    near = [look for look in looks if pressed_ms <= look.at_ms <= shown.at_ms + AFTER_MS]
    return Change(
        shown.at_ms - pressed_ms,
        shown.number - before.number,
        set(shown.pictures) <= set(before.pictures),
        flow(near),
    )


def total(flows: Iterable[Flow]) -> Flow:
    """Add flows up."""
    every = list(flows)
    return Flow(
        sum(each.seconds for each in every),
        sum(each.frames for each in every),
        sum(each.skipped for each in every),
        sum(each.skipped_late for each in every),
        sum(each.back for each in every),
        sum(each.blank for each in every),
        max((each.longest_ms for each in every), default=0.0),
    )
