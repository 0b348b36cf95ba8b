"""The ends of the plots' axes: as long as the data, and not ruled by a few outliers.

An outlier is a value more than ``FAR`` times as large as what nine of ten values stay below. It is
marked at the edge of its plot, so that the others can still be told apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from streamlab.core.stats import nearest_rank

FAR = 4
USUAL = 0.9
STEPS = (1, 1.5, 2, 3, 4, 5, 7.5, 10)
SPANS_S = (5, 10, 15, 20, 30)


def reach(values: Iterable[float], least: float) -> float:
    """Return the size of the largest value that is no outlier; 0 without values.

    Signs do not matter, NaN is no value, and values up to ``least`` are never outliers.
    """
    sizes = sorted(abs(value) for value in values if not math.isnan(value))
    return min(sizes[-1], max(least, FAR * nearest_rank(sizes, USUAL))) if sizes else 0.0


def round_up(value: float) -> float:
    """Return the next higher of ``STEPS`` times a power of ten."""
    unit: float = 10 ** math.floor(math.log10(value))
    return next(step * unit for step in STEPS if step * unit >= 0.999 * value)


def span_s(measured_s: float) -> float:
    """Return the shortest of ``SPANS_S`` that holds what was measured; at most the longest."""
    return next((span for span in SPANS_S if span >= measured_s), SPANS_S[-1])
