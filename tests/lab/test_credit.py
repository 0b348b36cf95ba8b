"""Credit and the kernel's listener, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from streamlab.core.time.timebase import NS_PER_S
from streamlab.lab.credit import (
    GONE_S,
    MAX_LAG_S,
    MAX_UNHEARD_BYTES,
    PING_S,
    SETTLED_S,
    Credit,
    KernelListener,
)

START_NS = 1_000 * NS_PER_S
MIB = 1 << 20


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now_ns = START_NS

    def __call__(self) -> int:
        return self.now_ns


class KernelLoop:
    """A kernel's loop that runs what it was handed when it is let."""

    def __init__(self) -> None:
        self._waiting: list[Callable[[], object]] = []

    def call_soon_threadsafe(self, callback: Callable[[], object]) -> None:
        self._waiting.append(callback)

    def is_closed(self) -> bool:
        return False

    def run(self) -> None:
        waiting, self._waiting = self._waiting, []
        for callback in waiting:
            callback()


def ear_of(loop: KernelLoop, clock: Clock) -> KernelListener:
    return KernelListener(cast(asyncio.AbstractEventLoop, loop), clock)


def listen(
    clock: Clock, listener: KernelListener, loop: KernelLoop, seconds: float, *, busy: bool
) -> None:
    """Let time pass as the lab's thread does, while the kernel is busy or not."""
    for _ in range(round(seconds / PING_S)):
        clock.now_ns += round(PING_S * NS_PER_S)
        if not busy:
            loop.run()
        listener.listened_ns()
        listener.ping()


def test_a_view_that_acknowledges_is_sent_for_ever() -> None:
    credit, now_ns = Credit(START_NS), START_NS
    for _ in range(10_000):
        assert credit.may_send(now_ns)
        number = credit.send(50_000, now_ns)
        now_ns += NS_PER_S // 30
        credit.receive_ack(number, now_ns)
    assert credit.unheard_bytes == 0
    assert credit.peak_bytes == 50_000
    assert not credit.is_gone(now_ns)


def test_a_silent_view_is_sent_no_more_then_given_up() -> None:
    credit = Credit(START_NS)
    credit.send(100, START_NS)
    late_ns = START_NS + round(MAX_LAG_S * NS_PER_S)
    assert credit.may_send(late_ns - 1)
    assert not credit.may_send(late_ns)
    assert not credit.is_gone(late_ns)
    assert credit.is_gone(START_NS + round(GONE_S * NS_PER_S) + 1)
    credit.receive_ack(1, late_ns + NS_PER_S)
    assert credit.may_send(late_ns + NS_PER_S)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, MIB)), max_size=200))
def test_bytes_on_their_way_are_bounded_whatever_is_heard(steps: list[tuple[int, int]]) -> None:
    credit, last = Credit(START_NS), 0
    for acknowledged, size in steps:
        if credit.may_send(START_NS):  # nothing is ever late: the kernel hears nothing
            last = credit.send(size, START_NS)
        if not acknowledged:
            credit.receive_ack(last, START_NS)
            assert credit.unheard_bytes == 0
        assert credit.unheard_bytes <= MAX_UNHEARD_BYTES + MIB
        assert credit.peak_bytes >= credit.unheard_bytes


def test_a_busy_kernel_hears_nothing_and_blames_nobody() -> None:
    clock, loop = Clock(), KernelLoop()
    listener = ear_of(loop, clock)
    listen(clock, listener, loop, 10, busy=False)
    assert listener.listened_ns() == clock.now_ns
    credit = Credit(clock.now_ns)
    began_ns = clock.now_ns
    credit.send(100, began_ns)
    listen(clock, listener, loop, 60, busy=True)
    assert listener.listened_ns() <= began_ns + round(2 * PING_S * NS_PER_S)
    assert credit.may_send(listener.listened_ns())
    assert not credit.is_gone(listener.listened_ns())


def test_a_pause_between_queued_cells_is_not_enough_to_hear() -> None:
    clock, loop = Clock(), KernelLoop()
    listener = ear_of(loop, clock)
    listen(clock, listener, loop, 10, busy=False)
    listen(clock, listener, loop, 20, busy=True)
    before_ns = listener.listened_ns()
    listen(clock, listener, loop, SETTLED_S / 2, busy=False)
    assert listener.listened_ns() == before_ns
    listen(clock, listener, loop, 20, busy=True)
    assert listener.listened_ns() == before_ns
    listen(clock, listener, loop, 2 * SETTLED_S, busy=False)
    assert listener.listened_ns() == clock.now_ns


def test_messages_on_a_thread_of_their_own_are_always_heard() -> None:
    clock, loop = Clock(), KernelLoop()
    listener = ear_of(loop, clock)
    listener.receive_word(on_kernel_thread=True)
    listen(clock, listener, loop, 20, busy=True)
    assert listener.listened_ns() < clock.now_ns
    listener.receive_word(on_kernel_thread=False)
    assert listener.listened_ns() == clock.now_ns


def test_without_a_kernel_there_is_nothing_to_wait_for() -> None:
    clock = Clock()
    listener = KernelListener(None, clock)
    clock.now_ns += 100 * NS_PER_S
    listener.ping()
    assert listener.listened_ns() == clock.now_ns
