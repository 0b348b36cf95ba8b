"""ROS message_filters' ApproximateTime, with a topic per channel.

After wiki.ros.org/message_filters/ApproximateTime: sets are made by time stamps alone, of minimal
span, never cross, and leave when no better set can come. Both pictures of a frame carry its pts as
stamp (an annotating node copies its input's header), so the set of minimal span is always a
frame's own pair, is known to be the best as soon as both are there, and sets never cross since
both channels are in order. What remains of the policy is its queue: each topic keeps
``QUEUE_SIZE`` messages and drops its oldest for one more, and the other half of what was dropped
finds no partner and is dropped too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.baselines.arrivals import Arrivals
from streamlab.analysis import Outcome
from streamlab.analysis.trace import NO_RESULT, Column

QUEUE_SIZE = 10  # what the documentation's examples pass; there is no default


def approximate_pairs(arrivals: Arrivals, *, queue_size: int = QUEUE_SIZE) -> Outcome:
    """Release both pictures of a frame when the second is there; lose both where one overflowed."""
    raw_ns, annotated_ns = arrivals.raw_ready_ns, arrivals.annotated_ready_ns
    lost = _overflowed(raw_ns, annotated_ns, queue_size)
    lost |= _overflowed(annotated_ns, raw_ns, queue_size)
    released_ns = np.where(lost, NO_RESULT, np.maximum(raw_ns, annotated_ns))
    return arrivals.outcome(released_ns, released_ns)


def _overflowed(ready_ns: Column, other_ns: Column, queue_size: int) -> NDArray[np.bool_]:
    """Return whether ``queue_size`` newer frames of a topic came before a frame's other half."""
    overflowed = np.zeros(len(ready_ns), np.bool_)
    overflowed[:-queue_size] = ready_ns[queue_size:] < other_ns[:-queue_size]
    return overflowed
