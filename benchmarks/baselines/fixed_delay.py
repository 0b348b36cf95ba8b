"""The best fixed delay in hindsight: what the best choice of one number would have given."""

from __future__ import annotations

import numpy as np

from benchmarks.baselines.arrivals import Arrivals
from streamlab.analysis import Outcome
from streamlab.core.time.timebase import NS_PER_MS

MAX_VIOLATIONS = 0.001


def best_fixed_delay(arrivals: Arrivals, *, tolerance_ms: float = 50.0) -> Outcome:
    """Release every raw picture the same time after it was ready.

    That time is the least one by which at most ``MAX_VIOLATIONS`` of the frames drift beyond the
    tolerance, on this very trace. An annotated picture that is ready earlier waits for its raw one.
    """
    behind_ns = np.sort(arrivals.annotated_ready_ns - arrivals.raw_ready_ns)
    may_violate = int(MAX_VIOLATIONS * len(behind_ns))
    delay_ns = max(0, int(behind_ns[-1 - may_violate]) - round(tolerance_ms * NS_PER_MS))
    return arrivals.annotated_after(arrivals.raw_ready_ns + delay_ns)
