"""Memory and CPU of a host of cameras, from Linux's /proc (proc(5))."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fanout.servers import Server, running

SETTLE_S = 2.5  # two GOPs are held, and every encoder and decoder has all its buffers


@dataclass(frozen=True, slots=True)
class Point:
    """A process with so many cameras."""

    cameras: int
    pss_mb: float
    """Proportional set size: its own pages, and its share of those it shares."""
    cpu_s: float
    """User and system time a second."""


@dataclass(frozen=True, slots=True)
class Slope:
    """What one more camera takes."""

    mb: float
    base_mb: float
    """What a process without cameras would take."""

    @classmethod
    def of(cls, points: Sequence[Point]) -> Slope:
        """Fit a line through the points."""
        fit = statistics.linear_regression(
            [point.cameras for point in points], [point.pss_mb for point in points]
        )
        return cls(fit.slope, fit.intercept)


def grow(
    source: Path,
    mode: str,
    counts: Sequence[int],
    *,
    seconds: float = SETTLE_S,
    environment: Mapping[str, str] | None = None,
) -> list[Point]:
    """Return what a host takes with each of these numbers of cameras, which rise."""
    points = []
    with _hosting(source, mode, environment or {}) as process:
        server = Server("", [process.pid])
        for cameras in counts:
            _tell(process, cameras)
            time.sleep(SETTLE_S)
            before_s, started_s = server.cpu_s(), time.monotonic()
            time.sleep(max(0.0, seconds - SETTLE_S))
            spent_s = time.monotonic() - started_s
            cpu_s = (server.cpu_s() - before_s) / spent_s if seconds > SETTLE_S else 0.0
            points.append(Point(cameras, server.pss_kb() / 1024, cpu_s))
    return points


@contextmanager
def _hosting(
    source: Path, mode: str, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "benchmarks.memory.host", str(source), mode]
    with running(
        command,
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        yield process


def _tell(process: subprocess.Popen[bytes], cameras: int) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{cameras}\n".encode())
    process.stdin.flush()
    if process.stdout.readline() != f"{cameras}\n".encode():
        raise RuntimeError(f"the host did not get to {cameras} cameras")
