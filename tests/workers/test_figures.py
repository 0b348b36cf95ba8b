"""Questions for figures that no worker answers fail at once, not after the time-out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from streamlab.bus.figures import FigureQuestions
from streamlab.bus.requests import Measure
from streamlab.errors import SourceUnreachableError
from tests.viewers.virtual import VirtualTime


def asked(answers: Callable[[Measure], bool]) -> FigureQuestions:
    return FigureQuestions("yard", 3, answers)


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> float:
    """Run it on virtual time; return how long it took, s."""
    virtual = VirtualTime()
    began_ns = virtual.now_ns
    virtual.run(work)
    return (virtual.now_ns - began_ns) / 1e9


def test_a_camera_without_a_worker_has_none() -> None:
    async def scenario() -> None:
        with pytest.raises(SourceUnreachableError, match="camera 'yard' has no figures"):
            await asked(lambda _: False).ask(60.0)

    assert run(scenario) == 0


def test_a_worker_that_ends_leaves_nobody_waiting() -> None:
    async def scenario() -> None:
        questions = asked(lambda _: True)
        asking = [asyncio.create_task(questions.ask(60.0)) for _ in range(2)]
        await asyncio.sleep(0)
        questions.receive_loss()
        for each in asking:
            with pytest.raises(SourceUnreachableError):
                await each

    assert run(scenario) == 0


def test_a_worker_that_is_silent_is_waited_for() -> None:
    async def scenario() -> None:
        with pytest.raises(SourceUnreachableError):
            await asked(lambda _: True).ask(60.0)

    assert run(scenario) == pytest.approx(5.0, abs=0.01)
