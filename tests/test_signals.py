"""Stop signals with a loop that takes handlers, and with one that does not (Windows)."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator

import pytest

from streamlab.signals import STOP_SIGNALS, notice_stop, stop_signals


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


@pytest.fixture
def handlers() -> Iterator[None]:
    """Restore the handlers of the process after the test."""
    before = {each: signal.getsignal(each) for each in STOP_SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("handlers")
def test_a_stop_is_noticed_beside_the_handler_of_a_server() -> None:
    handled: list[int] = []
    for number in STOP_SIGNALS:
        signal.signal(number, lambda number, _: handled.append(number))

    async def wait_for_signal(number: signal.Signals) -> None:
        noticed = asyncio.Event()
        notice_stop(noticed.set)
        signal.raise_signal(number)
        await noticed.wait()

    for number in STOP_SIGNALS:  # the second time, the loop of the first has closed
        asyncio.run(wait_for_signal(number))
    assert handled == list(STOP_SIGNALS)


@pytest.mark.usefixtures("handlers")
def test_signals_that_no_server_handles_are_left_alone() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    before = {each: signal.getsignal(each) for each in STOP_SIGNALS}

    async def follow() -> None:
        during = {each: signal.getsignal(each) for each in STOP_SIGNALS}
        notice_stop(lambda: None)
        assert {each: signal.getsignal(each) for each in STOP_SIGNALS} == during

    asyncio.run(follow())
    assert {each: signal.getsignal(each) for each in STOP_SIGNALS} == before
