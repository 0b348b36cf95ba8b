"""Gives back, once in a while, memory that cameras have freed and the C library has kept."""

from __future__ import annotations

import asyncio

from streamlab.heap import give_back_free_memory

INTERVAL_S = 60.0


class MemoryTrimming:
    """Runs between ``start`` and ``stop``, by the running event loop."""

    def __init__(self, interval_s: float = INTERVAL_S) -> None:
        self._interval_s = interval_s
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin; does nothing while it runs."""
        if self._timer is None:
            self._wait()

    def stop(self) -> None:
        """End; what is being given back at the moment is."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._interval_s, self._on_timer)

    def _on_timer(self) -> None:
        asyncio.get_running_loop().run_in_executor(None, give_back_free_memory)
        self._wait()
