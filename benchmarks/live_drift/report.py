"""What a run found, for people to read."""

from __future__ import annotations

from typing import Any, cast

from rich.console import Console
from rich.table import Table

from benchmarks.live_drift.figures import Figures
from benchmarks.measure.process import ProcessMeter

QUANTILES = ("p50", "p95", "p99", "max")
SPREADS: dict[str, tuple[str, ...]] = {
    "drift by arrival": ("drift_abs_ms", "arrival"),
    "drift by released_at": ("drift_abs_ms", "released_at"),
    "age of the boxes": ("box_age_ms",),
    "raw: captured to arrived": ("raw_latency_ms",),
    "raw: captured to released": ("raw_released_ms",),
    "raw: released to arrived": ("raw_delivery_ms",),
    "raw: between arrivals": ("raw_interval_ms",),
    "raw: added latency (sync-stats)": ("server", "added_latency_ms"),
}


def print_progress(now_s: float, found: Figures, process: ProcessMeter) -> None:
    within, drift = found["within"], found["drift_abs_ms"]["arrival"] or {"max": 0.0}
    print(
        f"{now_s:4.0f} s: {found['frames']} frames, {within['arrival']:.3%} within by arrival, "
        f"{within['released_at']:.3%} by released_at, max {drift['max']:.0f} ms, "
        f"fresh {found['fresh']:.1%}, {process.rss_mb[-1]:.0f} MB, {process.cores:.2f} cores",
        flush=True,
    )


def print_report(found: Figures) -> None:
    console = Console(width=100, highlight=False)
    console.print(_table({label: _spread(found, path) for label, path in SPREADS.items()}))
    for line in _lines(found):
        console.print(line, soft_wrap=True)
    if "stages" in found:
        _print_stages(console, found["stages"])
    for line in _faults(found.get("faults")):
        console.print(line, soft_wrap=True)


def _print_stages(console: Console, told: Figures) -> None:
    console.print(_table(told["ms"]))
    blame = _counts(told["blame"])
    console.print(
        f"{told['late']} of {told['frames']} traced frames out of tolerance; "
        f"stage that exceeded its median the most: {blame}",
        soft_wrap=True,
    )


def _spread(found: Figures, path: tuple[str, ...]) -> Figures | None:
    spread: Any = found
    for name in path:
        spread = spread and spread[name]
    return cast(Figures | None, spread)


def _table(spreads: dict[str, Figures | None]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("ms")
    for name in QUANTILES:
        table.add_column(name, justify="right")
    for label, spread in spreads.items():
        if spread:
            table.add_row(label, *(f"{spread[name]:.1f}" for name in QUANTILES))
    return table


def _lines(found: Figures) -> list[str]:
    within, missing, process = found["within"], found["missing"], found["process"]
    server, sync, strip = found["server"], found["sync"], found["strip"]
    lines = [
        f"{found['frames']} frames in {found['seconds']:.0f} s of {found['source']}, "
        f"model {found['model']}, policy {server['policy']}",
        f"within {found['tolerance_ms']:.0f} ms: {within['arrival']:.3%} by arrival, "
        f"{within['released_at']:.3%} by released_at",
        f"fresh: {found['fresh']:.1%}; without boxes: {found['without_boxes']}",
        f"missing: {missing['raw']} raw, {missing['annotated']} annotated; "
        f"skipped by the camera: {found['skipped']}; gaps: {found['events']['gap']}; "
        f"sequence holes: {found['sequence_holes']}; tfdt not pts: {found['tfdt_is_not_pts']}",
        f"sync events: {_counts(sync['state'])}; corrections {_counts(sync['correction'])}",
        f"corrected frames: {_counts(server['corrections'])}; "
        f"violations {server['sync_violations']}",
        f"server: {process['cores']:.2f} cores, {process['rss_start_mb']:.0f} MB at the start, "
        f"{process['rss_end_mb']:.0f} MB at the end, "
        f"{process['rss_slope_mb_a_minute']:+.2f} MB a minute; "
        f"load of the machine {process['load']:.1f}",
    ]
    if strip is not None:
        lines.insert(
            4,
            f"truth strip: {strip['decoded']} read in both channels, {strip['wrong']} not the "
            f"number of their pts, {strip['unequal']} unequal",
        )
    return lines + _worst(found["worst"])


def _worst(frames: list[dict[str, float]]) -> list[str]:
    lines = ["worst frames, ms after their capture:"]
    for frame in frames:
        rest = ", ".join(f"{k.replace('_', ' ')} {v:.0f}" for k, v in frame.items() if k != "at_s")
        lines.append(f"  at {frame['at_s']:.1f} s: {rest}")
    return lines if frames else []


def _faults(told: dict[str, Any] | None) -> list[str]:
    if told is None:
        return []
    stories = [_story(story) for story in told["stories"]]
    checks = [f"{'ok' if c['ok'] else 'FAIL'}: {c['what']}: {c['found']}" for c in told["checks"]]
    return ["what the sync events told of each fault:", *stories, *checks]


def _story(story: Figures) -> str:
    states = ", ".join(f"{each['after_s']:+.1f} s {each['state']}" for each in story["states"])
    text = f"  {story['at_s']:.0f} s, {story['fault']}: {states}; {_counts(story['corrections'])}"
    if story["fresh"]:
        fresh, delay = story["fresh"], story["delay_ms"]
        text += (
            f"; fresh {fresh['before']:.0%} before, {fresh['worst']:.0%} at worst, "
            f"{fresh['after']:.0%} after; delay {delay['least']:.0f} to {delay['most']:.0f} ms"
        )
    return text


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items() if count) or "none"
