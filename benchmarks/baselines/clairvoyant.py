"""The clairvoyant hold: the limit of what waiting can reach, by knowing what is yet to come."""

from __future__ import annotations

import numpy as np

from benchmarks.baselines.arrivals import Arrivals
from streamlab.analysis import Outcome
from streamlab.core.time.timebase import NS_PER_MS


def clairvoyant_hold(arrivals: Arrivals, *, tolerance_ms: float = 50.0) -> Outcome:
    """Release raw as early as the tolerance allows, knowing when its annotated picture comes.

    Raw of frame k leaves at ``max(raw_ready_k, annotated_ready_k - tolerance)``, in order. No
    schedule that keeps the order and has no violation releases any raw picture earlier.
    """
    earliest_ns = arrivals.annotated_ready_ns - round(tolerance_ms * NS_PER_MS)
    raw_ns = np.maximum.accumulate(np.maximum(arrivals.raw_ready_ns, earliest_ns))
    return arrivals.annotated_after(raw_ns)
