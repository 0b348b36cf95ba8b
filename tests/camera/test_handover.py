"""What a camera's threads hand to the event loop, and how often they wake it for that."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from streamlab.camera.handover import Handover

MAX_ITEMS = 8
TIMEOUT_S = 10.0


class StillLoop:
    """An event loop that is woken when the test says so."""

    def __init__(self) -> None:
        self.called: list[Callable[[], None]] = []

    def call_soon_threadsafe(self, call: Callable[[], None]) -> None:
        self.called.append(call)

    def run(self) -> None:
        calls, self.called = self.called, []
        for call in calls:
            call()


def make() -> tuple[Handover[int], StillLoop, list[list[int]]]:
    loop, batches = StillLoop(), list[list[int]]()
    handover = Handover(cast(asyncio.AbstractEventLoop, loop), batches.append, MAX_ITEMS)
    return handover, loop, batches


def test_a_batch_wakes_the_loop_once() -> None:
    handover, loop, batches = make()
    for item in range(3):
        handover.put([item])
    assert len(loop.called) == 1
    loop.run()
    assert batches == [[0, 1, 2]]


def test_what_is_not_urgent_comes_with_the_next_that_is() -> None:
    handover, loop, batches = make()
    handover.put([1], urgent=False)
    assert not loop.called
    handover.put([2])
    loop.run()
    assert batches == [[1, 2]]


def test_a_full_queue_makes_the_thread_wait() -> None:
    handover, loop, batches = make()

    def put_all() -> None:
        for item in range(MAX_ITEMS + 1):
            handover.put([item])

    thread = threading.Thread(target=put_all)
    thread.start()
    while thread.is_alive() and handover.peak < MAX_ITEMS:
        thread.join(0.001)
    loop.run()
    thread.join(TIMEOUT_S)
    loop.run()
    assert [item for batch in batches for item in batch] == list(range(MAX_ITEMS + 1))
    assert handover.peak == MAX_ITEMS


@given(st.lists(st.sampled_from(["urgent", "lazy", "loop"])))
def test_nothing_waits_for_ever_or_out_of_order(steps: list[str]) -> None:
    handover, loop, batches = make()
    put = 0
    for step in steps:
        if step == "loop":
            loop.run()
            continue
        if put - sum(map(len, batches)) == MAX_ITEMS:
            loop.run()
        handover.put([put], urgent=step == "urgent")
        put += 1
        assert len(loop.called) <= 1
    loop.run()
    taken = [item for batch in batches for item in batch]
    left = put - len(taken)
    assert taken == list(range(len(taken)))
    assert left < MAX_ITEMS // 2
    assert left == 0 or "urgent" not in _last(steps, left)


def _last(steps: list[str], count: int) -> list[str]:
    return [step for step in steps if step != "loop"][-count:]
