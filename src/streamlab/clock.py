"""The two clocks of the outside world. Media time, the third, lives in ``core.time.timebase``."""

from __future__ import annotations

import time


def monotonic_ns() -> int:
    """Return the monotonic clock, ns: the only clock that intervals are measured with.

    The performance counter is the same clock as ``time.monotonic_ns`` on Linux and macOS; on
    Windows it is the finer one, for the other one moves in steps of 15.6 ms before Python 3.13.
    """
    return time.perf_counter_ns()


def wall_s() -> float:
    """Return the wall clock, Unix seconds: for the wire and for display only."""
    return time.time()


def thread_cpu_ns() -> int:
    """Return the CPU that this thread has taken, ns."""
    return time.thread_time_ns()
