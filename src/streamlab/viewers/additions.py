"""Limits how many cameras clients may add in a minute."""

from __future__ import annotations

import math

from streamlab.clock import monotonic_ns
from streamlab.core.time.timebase import NS_PER_S
from streamlab.errors import LimitError

MINUTE_S = 60.0


class Additions:
    """A token bucket: ``per_minute`` at once, and then as many evenly over each minute."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._left = float(per_minute)
        self._at_ns = monotonic_ns()

    def admit(self) -> None:
        """Count one addition. Raises LimitError if there were too many."""
        now_ns = monotonic_ns()
        passed_s = (now_ns - self._at_ns) / NS_PER_S
        gained = passed_s * self._per_minute / MINUTE_S
        self._left, self._at_ns = min(self._per_minute, self._left + gained), now_ns
        if self._left < 1:
            wait_s = (1 - self._left) * MINUTE_S / self._per_minute
            raise LimitError(
                f"more than {self._per_minute} cameras were added within a minute",
                hint=f"Try again in {math.ceil(wait_s)} s, or raise max_cameras_per_minute.",
            )
        self._left -= 1
