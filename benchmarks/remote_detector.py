"""What it costs to have a detector in another process: CPU time of both sides, and latency.

One client asks for one picture after the other. The detector returns a fixed result for each, so
that what is left is the hop: copy, request, answer, and two changes of process. A second detector
reads each picture as a model does (`picture.rgb(320, 320)`). In process the same detectors are
called directly.

    python benchmarks/remote_detector.py [--pictures 300] [--memory memfd] [--method forkserver]
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import supervision as sv
from rich.console import Console
from rich.table import Table

from streamlab.core.stats import quantiles
from streamlab.detect.classes import named_detections
from streamlab.detect.detector import Detector, DetectorKind, LoadOptions
from streamlab.detect.remote.client import RemoteDetector
from streamlab.detect.remote.memory import MemoryKind
from streamlab.detect.remote.process import DetectorProcess
from streamlab.media.picture import Picture

SIZES_PX = ((320, 180), (640, 360), (1920, 1080))
WARM_UP = 20
BOXES = 5
MODEL_INPUT_PX = 320
METADATA = "Metadata-Version: 2.1\nName: benchmark\nVersion: 1\n"
ENTRY_POINT = "[streamlab.detectors]\nfixed = benchmarks.remote_detector:FixedDetector\n"


class FixedDetector:
    """Returns the same boxes for each picture; ``read`` as its argument: after reading it."""

    kind: DetectorKind = "plugin"

    def __init__(self, argument: str, options: LoadOptions | None = None) -> None:  # noqa: ARG002
        self.name = f"fixed {argument}"
        self._reads = argument == "read"
        xyxy = np.tile(np.array([10, 10, 50, 50], np.float32), (BOXES, 1))
        score, number = np.full(BOXES, 0.5, np.float32), np.zeros(BOXES, np.int64)
        self._found = named_detections(xyxy, score, number, {0: "person"})

    def detect(self, pictures: Sequence[Picture]) -> list[sv.Detections]:
        if self._reads:
            for picture in pictures:
                picture.rgb(MODEL_INPUT_PX, MODEL_INPUT_PX)
        return [self._found for _ in pictures]

    def close(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Cost:
    """Per picture."""

    p50_us: float
    p99_us: float
    own_us: float
    """CPU time of the process that asks."""
    other_us: float
    """CPU time of the detector process."""

    def cells(self) -> list[str]:
        return [f"{each:.0f}" for each in (self.p50_us, self.p99_us, self.own_us, self.other_us)]


def cpu_s(pid: int | None) -> float:
    """Return the CPU time of a process so far, s; 0 for none."""
    if pid is None:
        return 0.0
    names = [f"/proc/{pid}/task/{task.name}" for task in Path(f"/proc/{pid}/task").iterdir()]
    return sum(int(Path(name, "schedstat").read_text().split()[0]) for name in names) / 1e9


def own_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measure(
    detector: Detector, pictures: Sequence[Picture], count: int, pid: int | None = None
) -> Cost:
    """Have ``count`` pictures detected, one at a time."""
    for number in range(WARM_UP):
        detector.detect([pictures[number % len(pictures)]])
    times_us: list[float] = []
    own_s, other_s = own_cpu_s(), cpu_s(pid)
    for number in range(count):
        started_ns = time.perf_counter_ns()
        detector.detect([pictures[number % len(pictures)]])
        times_us.append((time.perf_counter_ns() - started_ns) / 1e3)
    own_s, other_s = own_cpu_s() - own_s, cpu_s(pid) - other_s
    found = quantiles(times_us)
    assert found is not None
    p99_us = sorted(times_us)[int(len(times_us) * 0.99)]
    return Cost(found.p50, p99_us, own_s / count * 1e6, other_s / count * 1e6)


def pictures_of(width: int, height: int) -> list[Picture]:
    random = np.random.default_rng(0)
    images = random.integers(16, 236, (4, height * 3 // 2, width), np.uint8)
    return [Picture.from_planes(image, number) for number, image in enumerate(images)]


async def run(options: argparse.Namespace, add_row: Callable[..., None]) -> None:
    for argument in ("hop", "read"):
        process = await DetectorProcess.start(f"fixed:{argument}", method=options.method)
        control = await process.connect()
        memory: MemoryKind = options.memory
        remote = RemoteDetector(control, process.name, process.kind, memory=memory)
        for width, height in SIZES_PX:
            pictures = pictures_of(width, height)
            here = measure(FixedDetector(argument), pictures, options.pictures)
            there = await asyncio.to_thread(
                measure, remote, pictures, options.pictures, process.pid
            )
            for name, cost in (("here", here), ("process", there)):
                add_row(argument, f"{width}x{height}", name, *cost.cells())
        remote.close()
        await process.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--pictures", type=int, default=300, help="for each figure")
    parser.add_argument("--memory", choices=["memfd", "named"], default="memfd")
    parser.add_argument("--method", choices=["forkserver", "spawn"], default="forkserver")
    options = parser.parse_args()
    table = Table(title="µs per picture")
    for name in ("detector", "size", "where", "p50", "p99", "CPU here", "CPU there"):
        table.add_column(name, justify="right")
    with TemporaryDirectory() as folder:
        install(Path(folder))
        asyncio.run(run(options, table.add_row))
    Console().print(table)


def install(folder: Path) -> None:
    """Put ``fixed:`` on the path as a package does, also for child processes."""
    info = folder / "benchmark-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(METADATA)
    (info / "entry_points.txt").write_text(ENTRY_POINT)
    sys.path[:0] = [str(folder), str(Path(__file__).parent.parent)]


if __name__ == "__main__":
    main()
