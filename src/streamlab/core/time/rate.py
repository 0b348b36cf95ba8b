"""Measures a frame rate from timestamps or from arrival times.

Rules:

- timestamps are ticks of 1/90000 s in presentation order. A timestamp that does not increase is
  counted, and so is its frame, but the steps next to it are not used to judge variability;
- a jump that is not a pause (``core.time.timeline``) is ignored;
- a rate is variable when a step differs from the median step by more than a tenth and by more
  than ``ROUNDING_PTS``, since containers round to milliseconds;
- frames that arrive at once at the start were queued: FFmpeg reads ahead while it opens a source.
  The first steps are ignored while they are shorter than half of the median step of the second
  half.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import dropwhile, pairwise

from streamlab.core.time.timebase import NS_PER_S, TIMESCALE, ms_to_pts
from streamlab.core.time.timeline import MAX_PAUSE_PTS

ROUNDING_PTS = ms_to_pts(2)
VARIABLE_AT = 10  # 1/n of the median step
MIN_STEPS = 2


@dataclass(frozen=True, slots=True)
class StampedRate:
    """A frame rate as measured from timestamps."""

    fps: float | None
    """None if the timestamps span no time."""
    shortest_pts: int | None
    longest_pts: int | None
    is_variable: bool | None
    """True if frame durations differ; None if there are too few frames to tell."""
    repeated: int
    """The number of timestamps that repeat or go back."""

    @classmethod
    def of(cls, stamps: Sequence[int]) -> StampedRate:
        """Measure the timestamps of successive frames."""
        steps = [after - before for before, after in pairwise(stamps)]
        near = [step for step in steps if abs(step) <= MAX_PAUSE_PTS]
        span = sum(step for step in near if step > 0)
        sound = [step for before, step in pairwise([1, *near]) if before > 0 and step > 0]
        return cls(
            fps=len(near) * TIMESCALE / span if span else None,
            shortest_pts=min(sound, default=None),
            longest_pts=max(sound, default=None),
            is_variable=_is_variable(sound) if len(sound) >= MIN_STEPS else None,
            repeated=sum(step <= 0 for step in steps),
        )


def _is_variable(steps: Sequence[int]) -> bool:
    usual = _median(steps)
    tolerance = max(usual / VARIABLE_AT, ROUNDING_PTS)
    return any(abs(step - usual) > tolerance for step in steps)


def fps_by_arrival(arrivals_ns: Sequence[int]) -> float | None:
    """Return the rate at which frames arrived, or None if they span no time."""
    if len(arrivals_ns) < 2:
        return None
    middle_ns = (arrivals_ns[0] + arrivals_ns[-1]) / 2
    steps = [(at, at - before) for before, at in pairwise(arrivals_ns)]
    usual = _median([step for at, step in steps if at >= middle_ns])
    paced = list(dropwhile(lambda step: step[1] < usual / 2, steps))
    span_ns = sum(step for _, step in paced)
    return len(paced) * NS_PER_S / span_ns if span_ns else None


def longest_gop(keyframes: Sequence[bool]) -> int | None:
    """Return the most frames from one keyframe to the next, or None without two keyframes."""
    places = [place for place, is_keyframe in enumerate(keyframes) if is_keyframe]
    return max((after - before for before, after in pairwise(places)), default=None)


def _median(values: Sequence[int]) -> int:
    return sorted(values)[len(values) // 2]
