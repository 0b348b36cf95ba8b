"""An event loop and the two clocks on virtual time: nothing waits, and nothing depends on pace."""

from __future__ import annotations

import asyncio
import math
import selectors
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager
from typing import Any, TypeVar
from unittest.mock import patch

from streamlab.core.time.timebase import NS_PER_S

T = TypeVar("T")


class VirtualTime:
    """Stands in for the module ``time`` behind ``streamlab.clock``."""

    def __init__(self) -> None:
        self.now_ns = 1_000 * NS_PER_S

    def perf_counter_ns(self) -> int:
        return self.now_ns

    def time(self) -> float:
        return 1.8e9 + self.now_ns / NS_PER_S

    def installed(self) -> AbstractContextManager[object]:
        return patch("streamlab.clock.time", self)

    def run(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine to its end; whenever all wait, the next timer's time is now."""
        with self.installed(), asyncio.Runner(loop_factory=self.new_loop) as runner:
            return runner.run(work())

    def new_loop(self) -> asyncio.AbstractEventLoop:
        return _VirtualLoop(self)


class _VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self, virtual: VirtualTime) -> None:
        self._virtual = virtual
        super().__init__(_LeapingSelector(virtual))

    def time(self) -> float:
        return self._virtual.now_ns / NS_PER_S


class _LeapingSelector(selectors.DefaultSelector):  # type: ignore[misc,valid-type,unused-ignore]
    def __init__(self, virtual: VirtualTime) -> None:
        super().__init__()
        self._virtual = virtual

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise RuntimeError("all wait for ever")
        if not ready and timeout:
            self._virtual.now_ns += math.ceil(timeout * NS_PER_S)
        return ready
