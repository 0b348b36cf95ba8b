"""Stop signals with a loop that takes handlers, and with one that does not (Windows)."""

from __future__ import annotations

import asyncio
import signal

import pytest

from streamlab.signals import STOP_SIGNALS, stop_signals


def refuse(*_: object) -> None:
    raise NotImplementedError


@pytest.mark.parametrize("takes_handlers", [True, False])
@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_a_signal_is_called_into_the_loop(
    monkeypatch: pytest.MonkeyPatch, takes_handlers: bool, number: signal.Signals
) -> None:
    if not takes_handlers:
        monkeypatch.setattr(asyncio.SelectorEventLoop, "add_signal_handler", refuse)
    before = {each: signal.getsignal(each) for each in STOP_SIGNALS}

    async def wait_for_signal() -> int:
        came: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        during = signal.getsignal(number)
        with stop_signals(came.set_result):
            signal.raise_signal(number)
            called_with = await came
        assert signal.getsignal(number) is during
        return called_with

    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        assert runner.run(wait_for_signal()) == number
    assert {each: signal.getsignal(each) for each in STOP_SIGNALS} == before
