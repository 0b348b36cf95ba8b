"""The two clocks of the outside world. Media time, the third, lives in ``core.timebase``."""

from __future__ import annotations

import time


def monotonic_ns() -> int:
    """Return the monotonic clock, ns: the only clock that intervals are measured with."""
    return time.monotonic_ns()


def wall_s() -> float:
    """Return the wall clock, Unix seconds: for the wire and for display only."""
    return time.time()
