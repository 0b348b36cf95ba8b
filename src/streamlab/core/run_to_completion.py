"""Whether the stages of a frame run in the thread that captured it, or in a pool.

Run to completion, a frame costs no hand-over and finds the caches warm; but the next one is read
only afterwards. Rules:

- frames run to completion while that takes, in CPU time, at most half of the time between them,
  both averaged over the last few frames. Time spent waiting does not count: on a busy machine a
  hand-over would only add to the load;
- otherwise they go to the pool for ``RETRY_NS``; then one frame is tried, and decides anew.
"""

from __future__ import annotations

from streamlab.core.time.timebase import NS_PER_S

RETRY_NS = 2 * NS_PER_S
SMOOTHING = 4
MAX_INTERVAL_NS = NS_PER_S  # a pause is no interval


class RunToCompletion:
    """Decides it frame by frame, for one camera."""

    def __init__(self) -> None:
        self._cost_ns = 0
        self._interval_ns = MAX_INTERVAL_NS
        self._last_ns: int | None = None
        self._pooled_until_ns: int | None = None

    def receive_frame(self, now_ns: int) -> bool:
        """Return whether this frame may run to completion."""
        if self._last_ns is not None:
            interval_ns = min(now_ns - self._last_ns, MAX_INTERVAL_NS)
            self._interval_ns += (interval_ns - self._interval_ns) // SMOOTHING
        self._last_ns = now_ns
        return self._pooled_until_ns is None or now_ns >= self._pooled_until_ns

    def receive_cost(self, cost_ns: int, now_ns: int) -> None:
        """Take the CPU time of a frame that ran to completion."""
        if self._pooled_until_ns is None:
            self._cost_ns += (cost_ns - self._cost_ns) // SMOOTHING
        else:
            self._cost_ns = cost_ns
        fits = 2 * self._cost_ns <= self._interval_ns
        self._pooled_until_ns = None if fits else now_ns + RETRY_NS
