"""Whether a live widget can be left alone: its memory and its latency over half an hour.

Starts a JupyterLab and a Chromium, shows a street with its model in a notebook, and samples the
memory of the kernel and of the browser (what they have written to; shares of what is shared), how
long the pictures take from their capture until they are drawn (read off their truth strips, and as
the player says), and what was lost. The level once it is warm is compared with that of the end.

A Chromium without a GPU keeps pictures that it has scaled, up to half a gigabyte; that is full
after some seconds.

    python -m benchmarks.widget_soak [--minutes 30] [--model street] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.measure.devtools import Devtools
from benchmarks.measure.live_widget import FPS, Draw, LiveWidget, lone_widget
from benchmarks.measure.memory import chromium_mb, own_mb
from streamlab.core.stats import nearest_rank

SAMPLE_EVERY_S = 15.0
WARM_S = 180.0  # until then caches, histories and pools fill up
MAX_GROWTH = 0.05
MAX_LATER_MS = 1000 / 60  # one animation frame


@dataclass(frozen=True, slots=True)
class Sample:
    """What was found at one moment, and of the pictures since the one before."""

    at_s: float
    kernel_mb: float
    browser_mb: float
    renderers_mb: float
    js_heap_mb: float
    fps: float
    longest_pause_ms: float
    strip_p50_ms: float
    strip_p95_ms: float
    player_p50_ms: float
    player_p95_ms: float
    unlike: int
    """Draws whose two pictures did not show the same number."""
    skipped: int
    jumps: int
    gaps: int
    reconnects: int
    load: float


class Soak:
    """One widget under watch."""

    def __init__(self, widget: LiveWidget, devtools: Devtools) -> None:
        self.samples: list[Sample] = []
        self._widget = widget
        self._devtools = devtools
        devtools.send("Performance.enable")
        self._begun_s = time.monotonic()
        self._draws: list[Draw] = widget.draws()[-1:]

    def run(self, seconds: float) -> None:
        """Add samples for this long."""
        due_s = self._begun_s
        while (due_s := due_s + SAMPLE_EVERY_S) <= self._begun_s + seconds:
            time.sleep(max(0.0, due_s - time.monotonic()))
            self.samples.append(self._sample())
            _tell(self.samples[-1])

    def _sample(self) -> Sample:
        browser_mb, renderers_mb = chromium_mb(os.getpid())
        draws, stats = self._draws[-1:] + self._widget.draws(), self._widget.stats()
        self._draws = draws
        times_ms = [draw.at_ms for draw in draws]
        pauses_ms = [after - before for before, after in pairwise(times_ms)]
        latencies_ms = sorted(d.latency_ms for d in draws[1:] if d.latency_ms is not None)
        if not latencies_ms:
            raise RuntimeError(f"no picture was drawn for {SAMPLE_EVERY_S} s: {stats}")
        return Sample(
            at_s=round(time.monotonic() - self._begun_s, 1),
            kernel_mb=own_mb(self._widget.kernel_pid),
            browser_mb=browser_mb,
            renderers_mb=renderers_mb,
            js_heap_mb=self._js_heap_mb(),
            fps=1000 * len(pauses_ms) / (times_ms[-1] - times_ms[0]),
            longest_pause_ms=max(pauses_ms),
            strip_p50_ms=nearest_rank(latencies_ms, 0.5),
            strip_p95_ms=nearest_rank(latencies_ms, 0.95),
            player_p50_ms=stats["latencyP50Ms"],
            player_p95_ms=stats["latencyP95Ms"],
            unlike=sum(len(set(d.numbers)) > 1 or None in d.numbers for d in draws[1:]),
            skipped=stats["skipped"] + stats["unpaired"] + stats["overflowed"],
            jumps=stats["jumps"],
            gaps=stats["gaps"],
            reconnects=stats["reconnects"],
            load=os.getloadavg()[0],
        )

    def _js_heap_mb(self) -> float:
        metrics = self._devtools.send("Performance.getMetrics")["metrics"]
        size: float = next(each["value"] for each in metrics if each["name"] == "JSHeapUsedSize")
        return size / 1e6


def _tell(sample: Sample) -> None:
    print(
        f"{sample.at_s:6.0f} s  kernel {sample.kernel_mb:.1f} MB  browser {sample.browser_mb:.1f} "
        f"(renderers {sample.renderers_mb:.1f}, JS {sample.js_heap_mb:.1f})  "
        f"{sample.fps:.1f} fps  {sample.strip_p50_ms:.0f}/{sample.strip_p95_ms:.0f} ms  "
        f"skipped {sample.skipped}  jumps {sample.jumps}  load {sample.load:.1f}",
        flush=True,
    )


def figures(samples: list[Sample]) -> dict[str, Any]:
    """Return the level when warm, that of the end, and what was lost meanwhile."""
    span_s = samples[-1].at_s
    window_s = min(WARM_S, span_s / 3)
    warm = [s for s in samples if window_s <= s.at_s <= 2 * window_s]
    end = [s for s in samples if s.at_s >= span_s - window_s]

    def level(of: Callable[[Sample], float]) -> dict[str, float]:
        before, after = (median(map(of, window)) for window in (warm, end))
        return {
            "warm": round(before, 2),
            "end": round(after, 2),
            "growth": round(after / before - 1, 4),
        }

    last = samples[-1]
    return {
        "minutes": round(span_s / 60, 1),
        "fps": round(median(s.fps for s in samples), 2),
        "levels": {
            "kernel MB": level(lambda s: s.kernel_mb),
            "browser MB": level(lambda s: s.browser_mb),
            "renderers MB": level(lambda s: s.renderers_mb),
            "JS heap MB": level(lambda s: s.js_heap_mb),
            "latency p50 ms": level(lambda s: s.strip_p50_ms),
            "latency p95 ms": level(lambda s: s.strip_p95_ms),
            "player p50 ms": level(lambda s: s.player_p50_ms),
        },
        "longest pause ms": round(max(s.longest_pause_ms for s in samples)),
        "unlike": sum(s.unlike for s in samples),
        **{name: getattr(last, name) for name in ("skipped", "jumps", "gaps", "reconnects")},
        "load": round(median(s.load for s in samples), 1),
    }


def report(found: dict[str, Any]) -> None:
    table = Table(
        "", "warm", "end", "growth", box=None, padding=(0, 2, 0, 0),
        title=f"{found['minutes']:g} minutes at {found['fps']:.1f} of {FPS} fps, "
        f"load of the machine {found['load']}",
    )  # fmt: skip
    levels = found["levels"]
    for name, each in levels.items():
        table.add_row(name, f"{each['warm']:.1f}", f"{each['end']:.1f}", f"{each['growth']:+.1%}")
    for name in ("longest pause ms", "unlike", "skipped", "jumps", "gaps", "reconnects"):
        table.add_row(name, "", str(found[name]), "")
    Console(width=100, highlight=False).print(table)
    for who in ("kernel", "browser"):
        held = levels[f"{who} MB"]["growth"] <= MAX_GROWTH
        print(
            f"{'ok' if held else 'FAIL'}: the memory of the {who} grows by {MAX_GROWTH:.0%} at most"
        )
    latency = levels["latency p50 ms"]
    held = latency["end"] - latency["warm"] <= MAX_LATER_MS
    print(f"{'ok' if held else 'FAIL'}: the latency does not grow (by an animation frame or more)")


def main() -> None:
    options = _options()
    with lone_widget(options.model) as (widget, devtools):
        soak = Soak(widget, devtools)
        try:
            soak.run(options.minutes * 60)
        except KeyboardInterrupt:
            print("\nstopped; this is what there is")
    if not soak.samples:
        print("nothing: it ended before the first sample")
        return
    found = figures(soak.samples)
    report(found)
    print(json.dumps(found))
    if options.json:
        samples = [asdict(sample) for sample in soak.samples]
        options.json.write_text(json.dumps({**found, "samples": samples}, indent=1) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.widget_soak",
        description=__doc__.split("\n", maxsplit=1)[0],
    )
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--model", default="street")
    parser.add_argument("--json", type=Path, help="write the figures and all samples to this file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
