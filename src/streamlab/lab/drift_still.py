"""The still of a drift plot: the chart that the page draws, as an SVG picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from itertools import pairwise
from statistics import median
from typing import NamedTuple

WIDTH, HEIGHT, LEFT, TOP, BOTTOM, LEVELS_APART = 760, 260, 60, 34, 24, 14
"""px"""
MAX_POINTS = 2 * (WIDTH - LEFT)
ROUND = (1, 1.5, 2, 3, 5, 7.5, 10)
USUAL, FAR = 0.95, 2
"""Points beyond ``FAR`` times the value that this share of them is within are outliers."""
HOLE_S, HOLE_INTERVALS = 1.0, 3
INK, QUIET, BAND, LINE, ALARM = "#1a1f26", "#5a6572", "#dcece3", "#0b5cad", "#b3261e"


class DriftPoint(NamedTuple):
    """The drift of one frame, and its time on the camera's timeline."""

    time_s: float
    drift_ms: float


def drift_svg(points: Sequence[DriftPoint], tolerance_ms: float, title: str) -> str:
    """Draw the drift over time: the tolerance as a band, violations and outliers marked.

    Points are ascending in time; a long run is thinned to ``MAX_POINTS``, its peaks are kept.
    """
    drifts_ms = [point.drift_ms for point in points] or [0.0]
    above_ms, below_ms = (
        _edge_ms(end_ms, drifts_ms, tolerance_ms) for end_ms in (max(drifts_ms), -min(drifts_ms))
    )
    newest_s = points[-1].time_s if points else 0.0
    span_s = max(1.0, newest_s - points[0].time_s) if points else 1.0
    per_s, per_ms = (WIDTH - LEFT) / span_s, (HEIGHT - TOP - BOTTOM) / (above_ms + below_ms)

    def at(point: DriftPoint) -> str:
        return f"{WIDTH + (point.time_s - newest_s) * per_s:.1f} {up(point.drift_ms):.1f}"

    def up(drift_ms: float) -> float:
        return TOP + (above_ms - max(-below_ms, min(above_ms, drift_ms))) * per_ms

    kept = _thinned(points)
    line = "".join(f"M{'L'.join(map(at, piece))}h0" for piece in _pieces(kept))
    over = "".join(f"M{at(point)}h0" for point in kept if abs(point.drift_ms) > tolerance_ms)
    has_room = tolerance_ms * per_ms > LEVELS_APART
    levels_ms = (tolerance_ms, 0, -tolerance_ms) if has_room else (above_ms, 0)
    words = f"{title}: {_summary(points, tolerance_ms)}"
    labels = [
        *(_text(LEFT - 6, up(ms) + 4, f"{ms:g} ms", "end") for ms in levels_ms),
        _text(LEFT, HEIGHT - 6, f"the last {span_s:.0f} s" if points else "", "start"),
        _text(LEFT, 20, words, "start", INK),
    ]
    band = (
        f'<rect x="{LEFT}" y="{up(tolerance_ms):.1f}" width="{WIDTH - LEFT}" '
        f'height="{up(-tolerance_ms) - up(tolerance_ms):.1f}" fill="{BAND}"/>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" role="img" font-family="sans-serif" font-size="12">'
        f"<title>{escape(words)}</title>"
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>{band}'
        f'<path d="M{LEFT} {up(0):.1f}H{WIDTH}" stroke="{QUIET}" stroke-width="0.5"/>'
        f'<path d="{line}" fill="none" stroke="{LINE}" stroke-linejoin="round"/>'
        f'<path d="{over}" stroke="{ALARM}" stroke-width="4" stroke-linecap="round"/>'
        f"{''.join(labels)}</svg>"
    )


def _text(x: float, y: float, words: str, anchor: str, colour: str = QUIET) -> str:
    place = f'x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" fill="{colour}"'
    return f"<text {place}>{escape(words)}</text>"


def _summary(points: Sequence[DriftPoint], tolerance_ms: float) -> str:
    if not points:
        return "nothing was measured yet"
    sizes = [abs(point.drift_ms) for point in points]
    over = sum(size > tolerance_ms for size in sizes)
    return (
        f"median {median(sizes):.1f} ms, at most {max(sizes):.0f} ms, "
        f"{over or 'none'} of {len(sizes)} beyond {tolerance_ms:g} ms"
    )


def _edge_ms(end_ms: float, drifts_ms: Sequence[float], tolerance_ms: float) -> float:
    """Return a round drift beyond the tolerance and ``end_ms``, unless that is an outlier."""
    sizes = sorted(abs(drift_ms) for drift_ms in drifts_ms)
    usual_ms = FAR * sizes[min(len(sizes) - 1, math.floor(USUAL * len(sizes)))]
    most_ms = max(1.25 * tolerance_ms, 1.05 * min(end_ms, usual_ms))
    unit: float = 10.0 ** math.floor(math.log10(most_ms))
    return next((factor * unit for factor in ROUND if factor * unit >= most_ms), 10 * unit)


def _pieces(points: Sequence[DriftPoint]) -> list[list[DriftPoint]]:
    """Split the points where nothing was measured in between."""
    intervals_s = [after.time_s - before.time_s for before, after in pairwise(points)]
    hole_s = max(HOLE_S, HOLE_INTERVALS * median(intervals_s or [0.0]))
    pieces: list[list[DriftPoint]] = []
    for index, point in enumerate(points):
        if index == 0 or intervals_s[index - 1] > hole_s:
            pieces.append([])
        pieces[-1].append(point)
    return pieces


def _thinned(points: Sequence[DriftPoint]) -> Sequence[DriftPoint]:
    """Return at most ``MAX_POINTS`` points: the lowest and the highest of each stretch."""
    if len(points) <= MAX_POINTS:
        return points
    size = math.ceil(2 * len(points) / MAX_POINTS)
    kept: list[DriftPoint] = []
    for start in range(0, len(points), size):
        stretch = points[start : start + size]
        ends = {
            min(stretch, key=lambda each: each.drift_ms),
            max(stretch, key=lambda each: each.drift_ms),
        }
        kept += sorted(ends)
    return kept
