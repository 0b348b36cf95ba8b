"""The number of CPU cores that this process may use, on any operating system."""

from __future__ import annotations

import math
import os
import sys
from contextlib import suppress
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
MAX_FILE_CHARS = 64  # two numbers


def usable_cores() -> int:
    """Return how many cores this process may keep busy, at least 1.

    This is the size of its CPU affinity mask where the system has one, otherwise all cores, limited
    further by a container's CPU quota.
    """
    cores = _schedulable_cores()
    quota = quota_cores(CGROUP)
    return cores if quota is None else max(1, min(cores, quota))


def core_of(number: int, processes: int) -> int | None:
    """Return the core for process ``number`` (0, 1, ...) of so many; None: it may run on any.

    A process gets a core of its own only if all cores get one: the system moves what else runs out
    of its way. With a CPU quota there are more cores than this process may use, and the first of
    them would be everybody's.
    """
    if sys.platform == "linux":
        cores = sorted(os.sched_getaffinity(0))
        if 2 <= processes == len(cores) == usable_cores():
            return cores[number]
    return None


def stay_on(core: int | None) -> None:
    """Run this process on one core only, for as long as it lives; None: on any."""
    if sys.platform == "linux" and core is not None:
        with suppress(OSError):  # it may have been taken from this process since
            os.sched_setaffinity(0, {core})


def _schedulable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # Linux
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def quota_cores(cgroup: Path) -> int | None:
    """Return the CPU quota of a control group, rounded up to whole cores, or None without one.

    Reads ``cpu.max`` of cgroup v2 or ``cpu.cfs_*_us`` of v1; formats and units are those of
    kernel.org, cgroup-v2 and sched-bwc.
    """
    text = _read(cgroup / "cpu.max")
    if not text:
        names = ("cpu.cfs_quota_us", "cpu.cfs_period_us")
        text = " ".join(_read(cgroup / "cpu" / name) for name in names)
    quota, _, period = text.strip().partition(" ")
    if not (quota.isdecimal() and period.isdecimal() and int(period)):
        return None  # "max", -1, or no such file
    return max(1, math.ceil(int(quota) / int(period)))


def _read(path: Path) -> str:
    try:
        with path.open(encoding="ascii") as file:
            return file.read(MAX_FILE_CHARS).strip()
    except (OSError, UnicodeDecodeError):
        return ""
