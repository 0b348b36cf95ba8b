"""Stop signals with a loop that takes handlers, and with one that does not (Windows)."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

import pytest

from streamlab.signals import STOP_SIGNALS, stop_signals


class LoopWithoutSignals(asyncio.SelectorEventLoop):
    def add_signal_handler(self, sig: int, callback: Any, *args: Any) -> None:
        raise NotImplementedError


@pytest.mark.parametrize("new_loop", [asyncio.SelectorEventLoop, LoopWithoutSignals])
@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_a_signal_is_called_into_the_loop(new_loop: Any, number: signal.Signals) -> None:
    before = {each: signal.getsignal(each) for each in STOP_SIGNALS}

    async def wait_for_signal() -> int:
        came: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        during = signal.getsignal(number)
        with stop_signals(came.set_result):
            signal.raise_signal(number)
            return_value = await came
        assert signal.getsignal(number) is during
        return return_value

    with asyncio.Runner(loop_factory=new_loop) as runner:
        assert runner.run(wait_for_signal()) == number
    assert {each: signal.getsignal(each) for each in STOP_SIGNALS} == before
