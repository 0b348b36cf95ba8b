"""The system's monotonic, wall and CPU clocks; media time is in ``core.time.timebase``."""

from __future__ import annotations

import time


def monotonic_ns() -> int:
    """Return the monotonic time, ns: the only clock for measuring intervals.

    The performance counter is the same clock as ``time.monotonic_ns`` on Linux and macOS. On
    Windows it is finer: before Python 3.13 the other one advances in steps of 15.6 ms.
    """
    return time.perf_counter_ns()


def wall_s() -> float:
    """Return the wall-clock time, Unix seconds: for the wire and for display only."""
    return time.time()


def thread_cpu_ns() -> int:
    """Return the CPU time used by the calling thread, ns."""
    return time.thread_time_ns()
