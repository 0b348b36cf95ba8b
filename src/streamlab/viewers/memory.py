"""Periodically returns memory that cameras have freed and the C library has kept."""

from __future__ import annotations

import asyncio

from streamlab.heap import give_back_free_memory

INTERVAL_S = 60.0


class MemoryTrimming:
    """Trims memory every ``interval_s`` from ``start`` to ``stop``, timed by the event loop."""

    def __init__(self, interval_s: float = INTERVAL_S) -> None:
        self._interval_s = interval_s
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Start trimming. Does nothing if it has been started already."""
        if self._timer is None:
            self._wait()

    def stop(self) -> None:
        """Stop trimming. A trim in progress completes."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._interval_s, self._on_timer)

    def _on_timer(self) -> None:
        asyncio.get_running_loop().run_in_executor(None, give_back_free_memory)
        self._wait()
