"""Estimates the cost of an annotated frame: the usual one, and the allowance for rare slow frames.

*Cost* is the time from the decision which detections a frame gets until its annotated picture is
ready. Rules:

- the *usual* cost is the median of the last ``USUAL_SPAN_NS``; it alone can shorten how long a
  frame may wait for its detections, so half of the recent frames must be slow before detections
  are given up;
- the *rare* cost is the second largest of the last ``RARE_SPAN_NS``, counting the peak of each
  ``PEAK_SPAN_NS``: a single peak is not expected again, a repeated one is;
- rare costs are allowed for only as far as the caller can afford them. A larger one would exceed
  the allowance anyway, so it does not count at all.
"""

from __future__ import annotations

from collections import deque

from streamlab.core.stats import RankedWindow, nearest_rank
from streamlab.core.time.timebase import NS_PER_S

USUAL_SPAN_NS = 2 * NS_PER_S
USUAL_MIN_FRAMES = 3  # of any age, for slow cameras: one slow frame is not the usual case
MAX_FRAMES = 256
PEAK_SPAN_NS = NS_PER_S // 10
RARE_SPAN_NS = 45 * NS_PER_S
MAX_PEAKS = RARE_SPAN_NS // PEAK_SPAN_NS


class CostEstimate:
    """Learns the cost of frames; what it learned expires with age."""

    def __init__(self) -> None:
        self._usual_ns = RankedWindow(USUAL_SPAN_NS, MAX_FRAMES, min_values=USUAL_MIN_FRAMES)
        self._peaks: deque[tuple[int, int]] = deque(
            maxlen=MAX_PEAKS
        )  # (index of the tenth of a second, largest cost)

    def receive_cost(self, cost_ns: int, now_ns: int) -> None:
        """Record the cost of a frame."""
        self._usual_ns.add(cost_ns, now_ns)
        span, peaks = now_ns // PEAK_SPAN_NS, self._peaks
        if peaks and peaks[-1][0] == span:
            peaks[-1] = (span, max(peaks[-1][1], cost_ns))
        else:
            peaks.append((span, cost_ns))

    def usual_ns(self, now_ns: int) -> int | None:
        """Return the usual cost, or None before the first frame."""
        costs_ns = self._usual_ns.values(now_ns)
        return nearest_rank(costs_ns, 0.5) if costs_ns else None

    def promised_ns(self, usual_ns: int, affordable_ns: int, now_ns: int) -> int:
        """Return the cost to plan for: the usual one, or a larger rare one that is affordable."""
        oldest = (now_ns - RARE_SPAN_NS) // PEAK_SPAN_NS
        rare_ns = [
            cost_ns for span, cost_ns in self._peaks if span > oldest and cost_ns <= affordable_ns
        ]
        rare_ns.sort()
        return max(usual_ns, rare_ns[-2]) if len(rare_ns) > 1 else usual_ns

    def clear(self) -> None:
        """Forget all costs."""
        self._usual_ns.clear()
        self._peaks.clear()
