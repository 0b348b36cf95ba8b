"""What an annotated frame costs: the usual cost, and how much more is promised for rare frames.

*Cost* runs from the moment the boxes of a frame are decided to its annotated picture being ready.
Rules:

- the *usual* cost is the median of the last ``USUAL_SPAN_NS``; it alone can shorten how long a
  frame may wait for its boxes, so half of the recent frames must be slow before boxes are given up;
- what rare frames cost beyond it is the largest but one of the last ``RARE_SPAN_NS``, counting the
  peak of each ``PEAK_SPAN_NS``: what happened once is not expected again, what comes again is;
- rare costs are promised only as far as the caller can afford them. One that is larger would break
  the promise anyway, so it does not count at all.
"""

from __future__ import annotations

from collections import deque

from streamlab.core.stats import RankedWindow, nearest_rank
from streamlab.core.time.timebase import NS_PER_S

USUAL_SPAN_NS = 2 * NS_PER_S
USUAL_MIN_FRAMES = 3  # of slow cameras, whatever their age: one slow frame is not the usual one
MAX_FRAMES = 256
PEAK_SPAN_NS = NS_PER_S // 10
RARE_SPAN_NS = 45 * NS_PER_S
MAX_PEAKS = RARE_SPAN_NS // PEAK_SPAN_NS


class CostEstimate:
    """Learns what frames cost, and forgets it by time."""

    def __init__(self) -> None:
        self._usual_ns = RankedWindow(USUAL_SPAN_NS, MAX_FRAMES, min_values=USUAL_MIN_FRAMES)
        self._peaks: deque[tuple[int, int]] = deque(
            maxlen=MAX_PEAKS
        )  # which tenth of a second, largest

    def receive_cost(self, cost_ns: int, now_ns: int) -> None:
        """Take what a frame has cost."""
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
        """Return the cost to reckon with: the usual one, or a rare one that can be afforded."""
        oldest = (now_ns - RARE_SPAN_NS) // PEAK_SPAN_NS
        rare_ns = sorted(
            cost_ns for span, cost_ns in self._peaks if span > oldest and cost_ns <= affordable_ns
        )
        return max(usual_ns, rare_ns[-2]) if len(rare_ns) > 1 else usual_ns

    def clear(self) -> None:
        """Forget what was seen."""
        self._usual_ns.clear()
        self._peaks.clear()
