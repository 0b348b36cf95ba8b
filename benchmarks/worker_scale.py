"""How many cameras hold their rate and stay in step, in worker processes and without.

For each number of cameras, each number of workers in turn: a server, its cameras of 320x180 at 10
fps with both channels encoded and a detection a second, and a viewer of all. The cores are those of
the whole machine, viewers included.

    python -m benchmarks.worker_scale [--workers 0,2] [--cameras 24,32,40,48,56,64] [--seconds 10]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.scale.capacity import DETECTION_FPS, SETTLE_S, Step, take_step
from benchmarks.scale.clip import make_clip
from benchmarks.scale.host import hosting

WIDTH, HEIGHT, FPS = 320, 180, 10
COLUMNS = (
    "cameras", "workers", "holds", "frames", "beyond 50 ms", "detections a second, fewest",
    "to a viewer p50 / p95 ms", "cores",
)  # fmt: skip


def main() -> None:
    """Measure, and print a row for each server."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", default="0,2", help="numbers of workers")
    parser.add_argument("--cameras", default="24,32,40,48,56,64", help="numbers of cameras")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long each is watched")
    asked = parser.parse_args()
    console, table = Console(), Table(*COLUMNS, box=None)
    with tempfile.TemporaryDirectory() as folder, console.status("drawing the street"):
        clip = Path(folder) / "street.mp4"
        make_clip(clip, WIDTH, HEIGHT, FPS)
        for cameras in _numbers(asked.cameras):
            for workers in _numbers(asked.workers):
                step = _measure(clip, cameras, workers, asked.seconds)
                table.add_row(*_row(step, workers))
                console.print(" ".join(_row(step, workers)))
    console.print(table)


def _measure(clip: Path, cameras: int, workers: int, seconds: float) -> Step:
    with hosting(clip, max_detection_fps=DETECTION_FPS, workers=workers) as host:
        host.grow(cameras)
        time.sleep(SETTLE_S)
        return take_step(host, FPS, seconds)


def _row(step: Step, workers: int) -> tuple[str, ...]:
    return (
        str(step.cameras),
        str(workers),
        "yes" if step.holds else "no",
        f"{step.rate:.2%}",
        f"{step.violations:.2%}",
        f"{step.detections_fps:.1f}",
        f"{step.delay_p50_ms:.0f} / {step.delay_p95_ms:.0f}",
        f"{sum(step.cpu.values()):.2f}",
    )


def _numbers(text: str) -> list[int]:
    return [int(each) for each in text.split(",")]


if __name__ == "__main__":
    main()
