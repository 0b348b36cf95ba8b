"""What a process takes, from Linux's /proc (proc(5))."""

from __future__ import annotations

import os
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
INTERVAL_S = 1.0
PROC = Path("/proc")


def cpu_s(pid: int) -> float:
    """Return the CPU time that a process has used, user and system, s. Raises OSError."""
    fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


@dataclass(slots=True)
class ProcessMeter:
    """Samples CPU time and resident memory of a process once a second."""

    pid: int
    at_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    rss_mb: list[float] = field(default_factory=list)

    def sample(self) -> None:
        """Take a sample, if the last one is a second old."""
        now_s = time.monotonic()
        if self.at_s and now_s - self.at_s[-1] < INTERVAL_S:
            return
        pages = int((PROC / str(self.pid) / "statm").read_text().split()[1])
        self.at_s.append(now_s)
        self.cpu_s.append(cpu_s(self.pid))
        self.rss_mb.append(pages * PAGE_BYTES / 1e6)

    @property
    def cores(self) -> float:
        """How many cores it kept busy."""
        return (self.cpu_s[-1] - self.cpu_s[0]) / max(1e-9, self.at_s[-1] - self.at_s[0])

    def rss_slope(self) -> float:
        """Return by how much its memory grows, MB a minute.

        The first half is left out: windows of minutes and caches fill up then.
        """
        skip = len(self.at_s) // 2
        at_s, rss_mb = self.at_s[skip:], self.rss_mb[skip:]
        if len(at_s) < 3:
            return 0.0
        return statistics.linear_regression(at_s, rss_mb).slope * 60
