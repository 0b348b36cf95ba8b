"""How long to wait before something that has failed is started again. No clock, no IO."""

from __future__ import annotations

NS_PER_S = 1_000_000_000


class RestartDelay:
    """Delays that double from failure to failure, up to a bound, and begin anew after calm."""

    def __init__(self, first_s: float = 0.1, longest_s: float = 30.0, calm_s: float = 60.0) -> None:
        """Start without failures.

        Args:
            first_s: the first delay.
            longest_s: no delay is longer.
            calm_s: after so long without a failure, the next delay is the first one again.
        """
        self._first_s, self._longest_s = first_s, longest_s
        self._calm_ns = round(calm_s * NS_PER_S)
        self._next_s = first_s
        self._started_ns: int | None = None

    def receive_start(self, now_ns: int) -> None:
        """Note that it works from now on."""
        self._started_ns = now_ns

    def receive_failure(self, now_ns: int) -> float:
        """Note that it has failed; return how long to wait, s."""
        if self._started_ns is not None and now_ns - self._started_ns >= self._calm_ns:
            self._next_s = self._first_s
        self._started_ns = None
        delay_s = self._next_s
        self._next_s = min(2 * delay_s, self._longest_s)
        return delay_s
