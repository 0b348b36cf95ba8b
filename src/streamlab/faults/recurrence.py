"""Recurring faults: when they are due, and which frames they hit."""

from __future__ import annotations

from streamlab.core.time.timebase import NS_PER_S


class Recurrence:
    """Recurs every ``every_s`` seconds, first after that time; 0: once, immediately."""

    def __init__(self, every_s: float, now_ns: int) -> None:
        self._every_ns = round(every_s * NS_PER_S)
        self._next_ns: int | None = now_ns + self._every_ns

    def receive_time(self, now_ns: int) -> bool:
        """Return True if it is due; several missed periods count as one."""
        if self._next_ns is None or now_ns < self._next_ns:
            return False
        every_ns, late_ns = self._every_ns, now_ns - self._next_ns
        self._next_ns = now_ns - late_ns % every_ns + every_ns if every_ns else None
        return True


class Burst:
    """Hits ``frames`` consecutive frames each time it is due."""

    def __init__(self, every_s: float, frames: float, now_ns: int) -> None:
        self._begins = Recurrence(every_s, now_ns)
        self._frames = round(frames)
        self._left = 0

    def receive_frame(self, now_ns: int) -> bool:
        """Return True if the next frame is hit."""
        if self._begins.receive_time(now_ns):
            self._left = self._frames
        if not self._left:
            return False
        self._left -= 1
        return True
