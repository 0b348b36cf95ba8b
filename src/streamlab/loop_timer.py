"""A timer of an event loop that is moved only when it has to be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from streamlab.clock import monotonic_ns
from streamlab.core.time.timebase import NS_PER_S


class LoopTimer:
    """Calls ``handle`` at the time that ``get_due_ns`` returns, monotonic ns; None: never.

    A timer set too early stays: moving it for every frame costs more than one extra wake-up.
    """

    def __init__(self, get_due_ns: Callable[[], int | None], handle: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._get_due_ns = get_due_ns
        self._handle = handle
        self._armed: asyncio.TimerHandle | None = None
        self._armed_ns = 0
        self._closed = False

    def arm(self) -> None:
        """Set the timer, or move it to an earlier time. Call it whenever that may have changed."""
        due_ns = self._get_due_ns()
        if due_ns is None or self._closed:
            return
        if self._armed is not None:
            if self._armed_ns <= due_ns:
                return
            self._armed.cancel()
        self._armed_ns = due_ns
        delay_s = max(0, due_ns - monotonic_ns()) / NS_PER_S
        self._armed = self._loop.call_later(delay_s, self._on_time)

    def close(self) -> None:
        """Cancel the timer for good."""
        self._closed = True
        if self._armed is not None:
            self._armed.cancel()
            self._armed = None

    def _on_time(self) -> None:
        self._armed = None
        due_ns = self._get_due_ns()
        if due_ns is not None and due_ns <= monotonic_ns():
            self._handle()
        else:
            self.arm()
