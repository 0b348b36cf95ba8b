"""One detector for all cameras, against one for each: throughput, and age of the results.

Every camera offers pre-drawn pictures of the synthetic street at its rate to a DetectionService,
without encoders; the cameras capture evenly spread over a frame period, or with `--in-step` all at
once. A result's age is counted from the capture to the result. Both ways in turn, in one run. A
service of its own costs a thread and a model in memory, so there are at most 16 of them.

    python benchmarks/shared_detector.py [--seconds 4] [--fps 10 30] [--cameras 1 4 16 64]
"""

from __future__ import annotations

import argparse
import heapq
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import av
import supervision as sv
from rich.console import Console
from rich.table import Table

from streamlab.camera import DetectionService
from streamlab.camera.detection import DetectionClient
from streamlab.camera.frame import CapturedFrame
from streamlab.clock import monotonic_ns, wall_s
from streamlab.core.stats import quantiles
from streamlab.core.time.timebase import NS_PER_S
from streamlab.detect.load import load_detector
from streamlab.media.picture import Picture
from streamlab.street.scene import Street

MODEL = "street"
MOST_MODELS = 16
SIZE_PX = (640, 360)
PICTURES = 4
FRAMES_APART = 40
WARM_UP_S = 0.5


@dataclass(frozen=True, slots=True)
class Options:
    """How one figure is taken."""

    seconds: float
    fps: int
    live_cursors: bool
    threads: int
    max_batch: int


@dataclass(slots=True)
class Tally:
    """What came of the frames that were captured after the warm-up."""

    from_ns: int
    ages_ms: list[float] = field(default_factory=list)
    per_camera: Counter[int] = field(default_factory=Counter)
    refused: int = 0


class Camera:
    """Offers its pictures to a service over and over, and counts what comes back."""

    def __init__(
        self, number: int, frames: Sequence[av.VideoFrame], service: DetectionService, tally: Tally
    ) -> None:
        self.number = number
        self._frames = frames
        self._service = service
        self._tally = tally
        self._offered = 0
        self._captured_ns: dict[int, int] = {}
        self._client = DetectionClient(self._receive, self._refuse)

    def offer(self) -> None:
        now_ns, self._offered = monotonic_ns(), self._offered + 1
        self._captured_ns[self._offered] = now_ns
        picture = Picture(self._frames[self._offered % PICTURES], self._offered)
        self._service.offer(self._client, CapturedFrame(picture, 0, False, now_ns, wall_s()))

    def _receive(self, pts: int, detections: sv.Detections) -> None:  # noqa: ARG002
        captured_ns = self._captured_ns.pop(pts)
        if captured_ns >= self._tally.from_ns:
            self._tally.ages_ms.append((monotonic_ns() - captured_ns) / 1e6)
            self._tally.per_camera[self.number] += 1

    def _refuse(self, pts: int) -> None:
        self._tally.refused += self._captured_ns.pop(pts) >= self._tally.from_ns


def draw(cameras: int) -> list[list[av.VideoFrame]]:
    """Return a few pictures of its own for each camera."""
    street = Street(*SIZE_PX)
    numbers = [[(n * PICTURES + k) * FRAMES_APART for k in range(PICTURES)] for n in range(cameras)]
    return [
        [av.VideoFrame.from_ndarray(street.draw(number), format="yuv420p") for number in own]
        for own in numbers
    ]


def measure(
    films: Sequence[Sequence[av.VideoFrame]], services: Sequence[DetectionService], options: Options
) -> Tally:
    """Let every camera offer its frames; cameras take the services in turn."""
    for service in services:
        service.start()
    started_ns = monotonic_ns()
    tally = Tally(started_ns + round(WARM_UP_S * NS_PER_S))
    until_ns = tally.from_ns + round(options.seconds * NS_PER_S)
    cameras = [
        Camera(number, film, services[number % len(services)], tally)
        for number, film in enumerate(films)
    ]
    period_ns = NS_PER_S // options.fps
    spread_ns = 0 if options.live_cursors else period_ns // len(cameras)
    due = [(started_ns + camera.number * spread_ns, camera.number) for camera in cameras]
    while due[0][0] < until_ns:
        due_ns, number = due[0]
        time.sleep(max(0, due_ns - monotonic_ns()) / NS_PER_S)
        cameras[number].offer()
        heapq.heapreplace(due, (due_ns + period_ns, number))
    for service in services:
        service.stop()
        service.join()
    return tally


def row(name: str, tally: Tally, cameras: int, seconds: float) -> list[str]:
    found = quantiles(tally.ages_ms)
    age = [f"{found.p50:.0f}", f"{found.p95:.0f}"] if found else ["-", "-"]
    least = min(tally.per_camera[number] for number in range(cameras)) / seconds
    rate = len(tally.ages_ms) / seconds
    return [name, f"{rate:.0f}", *age, f"{rate / cameras:.1f}", f"{least:.1f}", str(tally.refused)]


def services(count: int, options: Options) -> list[DetectionService]:
    return [
        DetectionService(load_detector(MODEL, threads=options.threads), max_batch=options.max_batch)
        for _ in range(count)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=float, default=4.0, help="for each figure")
    parser.add_argument("--fps", type=int, nargs="+", default=[10, 30])
    parser.add_argument("--cameras", type=int, nargs="+", default=[1, 4, 16, 64])
    parser.add_argument("--in-step", action="store_true", help="all cameras capture at once")
    parser.add_argument("--threads", type=int, default=1, help="of each model")
    parser.add_argument("--max-batch", type=int, default=4)
    asked = parser.parse_args()
    table = Table("cameras", "fps", "models", box=None, padding=(0, 2, 0, 0))
    for title in ("results/s", "age p50 ms", "p95", "a camera/s", "least", "refused"):
        table.add_column(title, justify="right")
    films = draw(max(asked.cameras))
    for fps in asked.fps:
        options = Options(asked.seconds, fps, asked.live_cursors, asked.threads, asked.max_batch)
        for cameras in asked.cameras:
            for models in (1, cameras) if 1 < cameras <= MOST_MODELS else (1,):
                tally = measure(films[:cameras], services(models, options), options)
                name = "shared" if models == 1 else f"{models}, one each"
                figures = row(name, tally, cameras, options.seconds)
                table.add_row(str(cameras), str(fps), *figures)
                print(f"{cameras} cameras, {fps} fps, {name}: {figures[1]} results/s", flush=True)
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
