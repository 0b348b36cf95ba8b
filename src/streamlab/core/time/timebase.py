"""Media time: integer ticks of 1/90000 s, and the exact conversions to and from them.

Rates and time bases are rationals (``Fraction``); rounding is to the nearest tick, halves to
even, and happens once, where a frame is captured.
"""

from __future__ import annotations

from fractions import Fraction

TIMESCALE = 90_000
NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000


def to_pts(ticks: int, time_base: Fraction) -> int:
    """Convert ticks of ``time_base`` seconds to ticks of 1/90000 s."""
    return _divided(ticks * time_base.numerator * TIMESCALE, time_base.denominator)


def frame_pts(number: int, fps: Fraction) -> int:
    """Return the PTS of frame ``number`` at constant rate ``fps``."""
    return _divided(number * TIMESCALE * fps.denominator, fps.numerator)


def frame_number(pts: int, fps: Fraction) -> int:
    """Return the number of the frame with this PTS at constant rate ``fps``."""
    return _divided(pts * fps.numerator, TIMESCALE * fps.denominator)


def frame_number_from(pts: int, fps: Fraction) -> int:
    """Return the number of the first frame at or after this PTS at constant rate ``fps``."""
    number = frame_number(pts, fps)
    return number if frame_pts(number, fps) >= pts else number + 1


def pts_to_ns(pts: int) -> int:
    """Convert a span of media time to ns, rounded down."""
    return pts * NS_PER_S // TIMESCALE


def ns_to_pts(span_ns: int) -> int:
    """Convert a span of ns to ticks, rounded down."""
    return span_ns * TIMESCALE // NS_PER_S


def ms_to_pts(span_ms: float) -> int:
    """Convert a span of ms to ticks, rounded to the nearest."""
    return round(span_ms * TIMESCALE / 1000)


def _divided(dividend: int, divisor: int) -> int:
    """Return the rounded quotient; ``round`` of a Fraction takes five times as long."""
    quotient, rest = divmod(dividend, divisor)
    return quotient + (2 * rest > divisor or (2 * rest == divisor and quotient % 2))
