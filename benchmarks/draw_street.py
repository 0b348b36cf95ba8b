"""How long the synthetic street takes: to build, to draw a frame, and to tell its truth.

Run: ``python benchmarks/draw_street.py [WIDTHxHEIGHT ...]``
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from time import perf_counter

import cv2

from streamlab.street.look import Look
from streamlab.street.scene import Street

FRAMES = 300


def timed_ms(work: Callable[[int], object]) -> tuple[float, float]:
    """Return median and 95th percentile of the time of one call, ms."""
    spans = []
    for number in range(0, FRAMES * 7, 7):
        start = perf_counter()
        work(number)
        spans.append((perf_counter() - start) * 1000)
    return statistics.median(spans), statistics.quantiles(spans, n=20)[-1]


def report(width: int, height: int, look: Look) -> None:
    """Print one line of figures."""
    start = perf_counter()
    street = Street(width, height, look=look)
    build_ms = (perf_counter() - start) * 1000
    draw, draw_p95 = timed_ms(street.draw)
    truth, _ = timed_ms(street.truth)
    boxes = statistics.mean(len(street.truth(number)) for number in range(0, FRAMES * 7, 7))
    print(
        f"{width}x{height} {look.light:8} {look.weather:6} "
        f"build {build_ms:6.0f} ms  draw {draw:5.2f} ms/frame (p95 {draw_p95:5.2f})  "
        f"truth {truth:5.2f} ms  {boxes:4.1f} boxes"
    )


def main(sizes: list[str]) -> None:
    cv2.setNumThreads(1)
    for size in sizes or ["640x360", "1280x720", "1920x1080"]:
        width, height = map(int, size.split("x"))
        for look in (Look(), Look(light="night"), Look(weather="rain"), Look(weather="snow")):
            report(width, height, look)


if __name__ == "__main__":
    main(sys.argv[1:])
