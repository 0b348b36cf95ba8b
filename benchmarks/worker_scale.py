"""How many cameras hold their rate and stay in step, in worker processes and without.

For each number of cameras, each number of workers in turn: a server, its cameras with a detection a
second, and a viewer of both channels of all. Raw is encoded, or passed through (`--raw source`).
The cores are those of the whole machine, viewers included; the milliseconds of CPU are those of a
camera's frame, by kind of process or thread.

    python -m benchmarks.worker_scale [--workers 0,2] [--cameras 32,48,64,80] [--size 320x180@10]
"""

from __future__ import annotations

import argparse
import re
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.scale.capacity import DETECTION_FPS, SETTLE_S, Step, take_step
from benchmarks.scale.clip import make_clip
from benchmarks.scale.host import hosting

COLUMNS = (
    "cameras", "workers", "holds", "frames", "beyond 50 ms", "detections a second, fewest",
    "to a viewer p50 / p95 / p99 ms", "cores", "ms a frame",
)  # fmt: skip


def main() -> None:
    """Measure, and print a row for each server."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", default="0,2", help="numbers of workers")
    parser.add_argument("--cameras", default="32,48,64,80", help="numbers of cameras")
    parser.add_argument("--size", default="320x180@10", help="of the cameras, and their rate")
    parser.add_argument("--raw", default="medium", help="quality of raw; source: passed through")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long each is watched")
    asked = parser.parse_args()
    width, height, fps = map(int, re.split("[x@]", asked.size))
    console, table = Console(width=200), Table(*COLUMNS, box=None)
    with tempfile.TemporaryDirectory() as folder, console.status("drawing the street"):
        clip = Path(folder) / "street.mp4"
        make_clip(clip, width, height, fps)
        for cameras in _numbers(asked.cameras):
            for workers in _numbers(asked.workers):
                step = _measure(clip, fps, cameras, workers, asked)
                table.add_row(*_row(step, workers))
                console.print(" ".join(_row(step, workers)))
    console.print(table)


def _measure(clip: Path, fps: int, cameras: int, workers: int, asked: argparse.Namespace) -> Step:
    settings = {"max_detection_fps": str(DETECTION_FPS), "workers": str(workers)}
    with hosting(clip, raw=asked.raw, settings=settings) as host:
        host.grow(cameras)
        time.sleep(SETTLE_S)
        return take_step(host, fps, asked.seconds)


def _row(step: Step, workers: int) -> tuple[str, ...]:
    return (
        str(step.cameras),
        str(workers),
        "yes" if step.holds else "no",
        f"{step.rate:.2%}",
        f"{step.violations:.2%}",
        f"{step.detections_fps:.1f}",
        f"{step.delay_p50_ms:.1f} / {step.delay_p95_ms:.1f} / {step.delay_p99_ms:.0f}",
        f"{sum(step.cpu.values()):.2f}",
        ", ".join(f"{kind} {ms:.2f}" for kind, ms in step.frame_ms.items() if ms >= 0.01),
    )


def _numbers(text: str) -> list[int]:
    return [int(each) for each in text.split(",")]


if __name__ == "__main__":
    main()
