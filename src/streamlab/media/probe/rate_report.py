"""The frame rate that a source claims, the one it delivers, and its keyframes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from streamlab.core.time.rate import StampedRate, fps_by_arrival, longest_gop
from streamlab.core.time.timebase import TIMESCALE
from streamlab.media.container import ContainerSource
from streamlab.media.source import Source

SAME_BY_STAMPS, SAME_BY_ARRIVAL = 0.02, 0.1
"""Relative difference up to which a measured rate counts as the same as the claimed one."""


class Seen(NamedTuple):
    """What is kept of each frame read."""

    stamp: int | None
    """Timestamp of the source, ticks of 1/90000 s; None if it has none and frames were counted."""
    arrived_ns: int
    keyframe: bool
    size_px: tuple[int, int] = (0, 0)
    is_b: bool = False
    interlaced: bool = False


class Claims(NamedTuple):
    """The rates that a source states, fps; None if not stated.

    ``average`` and ``base`` are FFmpeg's ``avg_frame_rate`` and ``r_frame_rate``.
    """

    fps: Fraction | None
    average: Fraction | None
    base: Fraction | None

    @classmethod
    def of(cls, source: Source) -> Claims:
        """Return the rates that an open source states."""
        fps = source.info.fps
        if not isinstance(source, ContainerSource):
            return cls(fps, None, None)
        stream = source.stream
        stated = stream.average_rate or stream.guessed_rate or stream.base_rate
        average, base = stream.average_rate or None, stream.base_rate or None
        return cls(fps if stated else None, average, base)


NO_CLAIMS = Claims(None, None, None)


@dataclass(frozen=True, slots=True)
class RateReport:
    """Rates in frames per second. Whatever could not be measured is None."""

    fps_claimed: float | None
    fps_average: float | None
    fps_base: float | None
    fps_stamped: float | None
    """By the timestamps."""
    fps_measured: float | None
    fps_measured_by: str | None
    """``arrival`` (a live source, by this machine's clock) or ``stamps``."""
    rate_as_claimed: bool | None
    rate_detail: str
    variable_rate: bool | None
    interval_min_ms: float | None
    interval_max_ms: float | None
    repeated_stamps: int
    """Number of timestamps that repeat or go back."""
    keyframes: int
    gop_frames: int | None
    """Most frames from one keyframe to the next; None if no second keyframe was seen."""
    gop_s: float | None
    b_frames: bool
    pictures_read: int

    @classmethod
    def of(cls, seen: Sequence[Seen], claims: Claims, *, by_arrival: bool) -> RateReport:
        """Measure the frames that were read, given in display order."""
        stamps = [each.stamp for each in seen if each.stamp is not None]
        stamped = StampedRate.of(stamps)
        arrived = fps_by_arrival([each.arrived_ns for each in seen])
        measured = arrived if by_arrival else stamped.fps
        gop = longest_gop([each.keyframe for each in seen])
        same = SAME_BY_ARRIVAL if by_arrival else SAME_BY_STAMPS
        # Stated averages include the last frame's duration, which is arbitrary.
        is_same = _is_near(measured, claims.fps, max(same, 1 / max(1, len(seen))))
        return cls(
            fps_claimed=_float(claims.fps),
            fps_average=_float(claims.average),
            fps_base=_float(claims.base),
            fps_stamped=stamped.fps,
            fps_measured=measured,
            fps_measured_by=None if measured is None else "arrival" if by_arrival else "stamps",
            rate_as_claimed=is_same,
            rate_detail=_detail(claims.fps, measured, len(seen), is_same, has_stamps=bool(stamps)),
            variable_rate=stamped.is_variable,
            interval_min_ms=_ms(stamped.shortest_pts),
            interval_max_ms=_ms(stamped.longest_pts),
            repeated_stamps=stamped.repeated,
            keyframes=sum(each.keyframe for each in seen),
            gop_frames=gop,
            gop_s=None
            if gop is None
            else _gop_s(seen, gop, arrived if by_arrival else claims.fps, by_arrival=by_arrival),
            b_frames=any(each.is_b for each in seen),
            pictures_read=len(seen),
        )

    @property
    def stamps_are_wrong(self) -> bool:
        """True if a live source's timestamps run at another rate than its frames arrive."""
        return _is_near(self.fps_measured, self.fps_stamped, SAME_BY_ARRIVAL) is False


def fps_text(fps: float) -> str:
    """Format a stated rate: ``25``, ``29.97``."""
    return f"{fps:.3f}".rstrip("0").rstrip(".")


def measured_text(fps: float) -> str:
    """Format a measured rate: ``5.0``, ``0.33``."""
    return f"{fps:.1f}" if fps >= 1 else f"{fps:.2g}"


def _detail(
    claimed: Fraction | None,
    measured: float | None,
    pictures: int,
    is_same: bool | None,
    *,
    has_stamps: bool,
) -> str:
    claim = "no rate" if claimed is None else f"{fps_text(float(claimed))} fps"
    claim = f"claims {claim}" + ("" if has_stamps or claimed is None else " without time stamps")
    if pictures == 1:
        return f"{claim}, only one picture came"
    if measured is None:
        return f"{claim}, which cannot be checked"
    return (
        f"{claim}, and delivers it" if is_same else f"{claim}, delivers {measured_text(measured)}"
    )


def _gop_s(
    seen: Sequence[Seen], gop: int, fps: float | Fraction | None, *, by_arrival: bool
) -> float | None:
    """Return the span of the longest GOP, s, by its timestamps or else by ``fps``."""
    stamps = [each.stamp for each in seen if each.keyframe]
    pairs = pairwise(stamps)
    spans = [after - before for before, after in pairs if before is not None and after is not None]
    if spans and not by_arrival:
        return max(spans) / TIMESCALE
    return gop / float(fps) if fps else None


def _is_near(fps: float | None, other: Fraction | float | None, part: float) -> bool | None:
    if fps is None or not other:
        return None
    return abs(fps / float(other) - 1) <= part


def _float(fps: Fraction | None) -> float | None:
    return None if fps is None else float(fps)


def _ms(span_pts: int | None) -> float | None:
    return None if span_pts is None else span_pts * 1000 / TIMESCALE
