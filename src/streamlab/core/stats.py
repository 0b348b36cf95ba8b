"""Statistics over sliding windows: quantiles, a histogram, a ratio of counters."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from streamlab.core.time.timebase import NS_PER_S

Number = TypeVar("Number", int, float)

HISTOGRAM_EDGES_MS = (-500, -200, -100, -50, -33, -20, -10, -5, 0, 5, 10, 20, 33, 50, 100, 200, 500)


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Nearest-rank quantiles of a set of values, in the unit of the values."""

    count: int
    p50: float
    p95: float
    p99: float
    max: float


def nearest_rank(ordered: Sequence[Number], share: float) -> Number:
    """Return the nearest-rank quantile ``share`` (0 to 1) of values in ascending order."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def quantiles(values: Sequence[float]) -> Quantiles | None:
    """Return the quantiles of the values, or None if there are no values."""
    if not values:
        return None
    ordered = sorted(values)
    p50, p95, p99 = (nearest_rank(ordered, share) for share in (0.5, 0.95, 0.99))
    return Quantiles(len(ordered), p50, p95, p99, ordered[-1])


def histogram(values: Sequence[float], edges: Sequence[float] = HISTOGRAM_EDGES_MS) -> list[int]:
    """Count values per bin: below the first edge, ``[a, b)`` between edges, from the last on."""
    counts = [0] * (len(edges) + 1)
    for value in values:
        counts[bisect_right(edges, value)] += 1
    return counts


class Window:
    """The values of the last ``span_s`` seconds, at most ``max_values`` (oldest dropped first)."""

    def __init__(self, span_s: float, max_values: int = 8192) -> None:
        self.span_ns = round(span_s * NS_PER_S)
        self.dropped = 0
        self._max_values = max_values
        self._values: deque[tuple[int, float]] = deque()

    def add(self, value: float, now_ns: int) -> None:
        """Add a value; drop those that have expired."""
        values, oldest_ns = self._values, now_ns - self.span_ns
        values.append((now_ns, value))
        while values[0][0] <= oldest_ns:
            values.popleft()
        if len(values) > self._max_values:
            values.popleft()
            self.dropped += 1

    def values(self, now_ns: int, span_s: float | None = None) -> list[float]:
        """Return the values of the last ``span_s`` seconds (default: the whole window)."""
        span_ns = self.span_ns if span_s is None else round(span_s * NS_PER_S)
        oldest_ns = now_ns - min(span_ns, self.span_ns)
        return [value for at_ns, value in self._values if at_ns > oldest_ns]


class RecentShare:
    """The ratio of two counters' growth over about the last ``span_s`` seconds.

    Counting itself costs nothing: the ratio is computed from the counter values at earlier calls,
    of which the newest ``max_readings`` are kept.
    """

    def __init__(self, span_s: float, max_readings: int = 1024) -> None:
        self._span_ns = round(span_s * NS_PER_S)
        self._readings = deque([(0, 0, 0)], max_readings)

    def receive_counts(self, part: int, whole: int, now_ns: int) -> float | None:
        """Record the counters; return their ratio over the span, None if ``whole`` did not grow."""
        readings = self._readings
        while len(readings) > 1 and readings[1][0] <= now_ns - self._span_ns:
            readings.popleft()
        _, part_before, whole_before = readings[0]
        readings.append((now_ns, part, whole))
        return (part - part_before) / (whole - whole_before) if whole > whole_before else None


class RankedWindow:
    """The values of the last ``span_ns``, kept in ascending order.

    Holds at most ``max_values`` (oldest dropped first) and at least the newest ``min_values``,
    whatever their age.
    """

    def __init__(self, span_ns: int, max_values: int, *, min_values: int = 0) -> None:
        self._span_ns = span_ns
        self._max_values, self._min_values = max_values, min_values
        self._ordered: list[int] = []
        self._arrived: deque[tuple[int, int]] = deque()

    def add(self, value: int, now_ns: int) -> None:
        """Add a value; drop those that have expired."""
        arrived, ordered = self._arrived, self._ordered
        if len(arrived) == self._max_values:
            self._drop_oldest()
        arrived.append((now_ns, value))
        insort(ordered, value)
        oldest_ns, min_values = now_ns - self._span_ns, self._min_values
        while arrived[0][0] <= oldest_ns and len(arrived) > min_values:
            del ordered[bisect_left(ordered, arrived.popleft()[1])]

    def values(self, now_ns: int) -> Sequence[int]:
        """Return the values, ascending. The list is live: the next call changes it."""
        oldest_ns = now_ns - self._span_ns
        while len(self._arrived) > self._min_values and self._arrived[0][0] <= oldest_ns:
            self._drop_oldest()
        return self._ordered

    def clear(self) -> None:
        """Remove all values."""
        self._ordered.clear()
        self._arrived.clear()

    def _drop_oldest(self) -> None:
        _, value = self._arrived.popleft()
        del self._ordered[bisect_left(self._ordered, value)]
