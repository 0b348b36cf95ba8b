"""What a worker process uses of the machine, from what it says of itself. No clock, no IO."""

from __future__ import annotations

from collections import deque

from streamlab.bus.replies import Alive
from streamlab.core.time.timebase import NS_PER_S

WINDOW_NS = 5 * NS_PER_S
MAX_REPORTS = 64  # of a worker that says more than it should


class WorkerUsage:
    """CPU time, a mean of the last ``WINDOW_NS``, and memory."""

    def __init__(self) -> None:
        self.rss_bytes = 0
        self._reports: deque[tuple[int, int]] = deque(maxlen=MAX_REPORTS)  # (now_ns, cpu_ns)

    @property
    def cores(self) -> float:
        """How many cores it has used."""
        if len(self._reports) < 2:
            return 0.0
        (first_ns, first_cpu_ns), (last_ns, last_cpu_ns) = self._reports[0], self._reports[-1]
        return max(0, last_cpu_ns - first_cpu_ns) / max(1, last_ns - first_ns)

    def receive_start(self) -> None:
        """Begin anew: another process runs."""
        self._reports.clear()
        self.rss_bytes = 0

    def receive(self, alive: Alive, now_ns: int) -> None:
        """Take a report."""
        self.rss_bytes = alive.rss_bytes
        while len(self._reports) > 1 and now_ns - self._reports[1][0] >= WINDOW_NS:
            self._reports.popleft()
        self._reports.append((now_ns, alive.cpu_ns))
