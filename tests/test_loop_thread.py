"""Calls into a loop on another thread, while it stops."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from streamlab.loop_thread import LoopStoppedError, LoopThread

TIMEOUT_S = 30.0


def test_a_call_ends_when_its_loop_stops() -> None:
    loop, begun = LoopThread("stopping"), threading.Event()

    async def wait_for_ever() -> None:
        begun.set()
        await asyncio.Event().wait()

    with ThreadPoolExecutor(1) as other:
        call = other.submit(loop.call, wait_for_ever())
        assert begun.wait(TIMEOUT_S)
        loop.stop()
        with pytest.raises(LoopStoppedError):
            call.result(TIMEOUT_S)


def test_a_loop_that_has_stopped_is_not_called() -> None:
    loop = LoopThread("stopped")
    loop.stop()
    loop.post(print)
    with pytest.raises(LoopStoppedError):
        loop.call(asyncio.sleep(0))
