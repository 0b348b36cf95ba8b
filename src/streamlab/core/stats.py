"""Figures over a sliding window: quantiles, a histogram, a share, and what they are made of."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
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
        self._max_values = max_values
        self._values: deque[tuple[int, float]] = deque()

    def add(self, value: float, now_ns: int) -> None:
        """Add a value."""
        values, oldest_ns = self._values, now_ns - self.span_ns
        values.append((now_ns, value))
        while values[0][0] <= oldest_ns:
            values.popleft()
        if len(values) > self._max_values:
            values.popleft()
            self.dropped += 1

    def values(self, now_ns: int, span_s: float | None = None) -> list[float]:
        """Return the values of the last ``span_s`` seconds (default: of the whole window)."""
        span_ns = self.span_ns if span_s is None else round(span_s * NS_PER_S)
        oldest_ns = now_ns - min(span_ns, self.span_ns)
        return [value for at_ns, value in self._values if at_ns > oldest_ns]


class SlidingShare:
    """The share of true answers in the last ``span_s`` seconds, at a constant cost per answer.

    At most ``max_answers`` are kept, the newest.
    """

    def __init__(self, span_s: float, max_answers: int = 8192) -> None:
        self._span_ns = round(span_s * NS_PER_S)
        self._max_answers = max_answers
        self._answers: deque[tuple[int, bool]] = deque()
        self._true = 0

    def add(self, answer: bool, now_ns: int) -> None:
        """Add an answer."""
        self._answers.append((now_ns, answer))
        self._true += answer
        self._forget(now_ns)

    def value(self, now_ns: int) -> float | None:
        """Return the share, or None when there were no answers."""
        self._forget(now_ns)
        return self._true / len(self._answers) if self._answers else None

    def _forget(self, now_ns: int) -> None:
        answers, oldest_ns = self._answers, now_ns - self._span_ns
        while answers and (answers[0][0] <= oldest_ns or len(answers) > self._max_answers):
            self._true -= answers.popleft()[1]


class RankedWindow:
    """The newest ``max_values`` values, at hand in ascending order."""

    def __init__(self, max_values: int) -> None:
        self.ordered: list[int] = []
        """The values, ascending; not to be changed."""
        self._max_values = max_values
        self._arrived: deque[int] = deque()

    def add(self, value: int) -> None:
        """Add a value; the oldest goes when there are too many."""
        ordered = self.ordered
        if len(ordered) == self._max_values:
            del ordered[bisect_left(ordered, self._arrived.popleft())]
        self._arrived.append(value)
        insort(ordered, value)

    def clear(self) -> None:
        """Forget all values."""
        self.ordered.clear()
        self._arrived.clear()
