"""Decides whether a frame's stages run in the capturing thread or in a worker pool.

A frame that runs to completion in the capturing thread needs no hand-over and finds warm caches,
but the next frame is read only afterwards. Rules:

- frames run to completion while the CPU time they take is at most half of the interval between
  them, both averaged over the last few frames. Time spent waiting does not count: on a busy
  machine a hand-over would only add to the load;
- otherwise frames go to the pool for ``RETRY_NS``; then one frame runs to completion as a trial,
  and its cost decides anew.
"""

from __future__ import annotations

from streamlab.core.time.timebase import NS_PER_S

RETRY_NS = 2 * NS_PER_S
SMOOTHING = 4
MAX_INTERVAL_NS = NS_PER_S  # a pause is not an interval


class RunToCompletion:
    """Decides frame by frame for one camera."""

    def __init__(self) -> None:
        self._cost_ns = 0
        self._interval_ns = MAX_INTERVAL_NS
        self._last_ns: int | None = None
        self._pooled_until_ns: int | None = None

    def receive_frame(self, now_ns: int) -> bool:
        """Record a captured frame; return True if it may run to completion."""
        if self._last_ns is not None:
            interval_ns = min(now_ns - self._last_ns, MAX_INTERVAL_NS)
            self._interval_ns += (interval_ns - self._interval_ns) // SMOOTHING
        self._last_ns = now_ns
        return self._pooled_until_ns is None or now_ns >= self._pooled_until_ns

    def receive_cost(self, cost_ns: int, now_ns: int) -> None:
        """Record the CPU time of a frame that ran to completion."""
        if self._pooled_until_ns is None:
            self._cost_ns += (cost_ns - self._cost_ns) // SMOOTHING
        else:
            self._cost_ns = cost_ns
        fits = 2 * self._cost_ns <= self._interval_ns
        self._pooled_until_ns = None if fits else now_ns + RETRY_NS
