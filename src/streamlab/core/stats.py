"""Figures over a sliding window: quantiles, a histogram, and what they are made of."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from streamlab.core.timebase import NS_PER_S

Number = TypeVar("Number", int, float)

HISTOGRAM_EDGES_MS = (-500, -200, -100, -50, -33, -20, -10, -5, 0, 5, 10, 20, 33, 50, 100, 200, 500)


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Nearest-rank quantiles of a set of values, in the values' own unit."""

    count: int
    p50: float
    p95: float
    p99: float
    max: float


def nearest_rank(ordered: Sequence[Number], share: float) -> Number:
    """Return the least value that is at least as large as this share of the ordered values."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def quantiles(values: Sequence[float]) -> Quantiles | None:
    """Return the quantiles of the values, or None when there are none."""
    if not values:
        return None
    ordered = sorted(values)
    p50, p95, p99 = (nearest_rank(ordered, share) for share in (0.5, 0.95, 0.99))
    return Quantiles(len(ordered), p50, p95, p99, ordered[-1])


def histogram(values: Sequence[float], edges: Sequence[float] = HISTOGRAM_EDGES_MS) -> list[int]:
    """Count values per bin: below the first edge, between edges ``[a, b)``, and from the last."""
    counts = [0] * (len(edges) + 1)
    for value in values:
        counts[bisect_right(edges, value)] += 1
    return counts


class Window:
    """The values of the last ``span_s`` seconds, at most ``max_values`` (oldest dropped first)."""

    def __init__(self, span_s: float, max_values: int = 8192) -> None:
        self.span_ns = round(span_s * NS_PER_S)
        self.dropped = 0
        self._values: deque[tuple[int, float]] = deque(maxlen=max_values)

    def add(self, value: float, now_ns: int) -> None:
        """Add a value."""
        if len(self._values) == self._values.maxlen:
            self.dropped += 1
        self._values.append((now_ns, value))
        self._forget(now_ns)

    def values(self, now_ns: int, span_s: float | None = None) -> list[float]:
        """Return the values of the last ``span_s`` seconds (default: of the whole window)."""
        self._forget(now_ns)
        span_ns = self.span_ns if span_s is None else round(span_s * NS_PER_S)
        return [value for at_ns, value in self._values if at_ns > now_ns - span_ns]

    def _forget(self, now_ns: int) -> None:
        while self._values and self._values[0][0] <= now_ns - self.span_ns:
            self._values.popleft()
