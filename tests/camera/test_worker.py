"""Stages and the pool that works for them: order, bounds, timers, and what an error ends."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.camera.worker import CALM_NS, FIRST_RETRY_NS, HANG_NS, LONGEST_RETRY_NS, Worker
from streamlab.camera.worker_pool import Stage, WorkerPool
from streamlab.clock import monotonic_ns
from streamlab.core.health import FORGET_NS
from streamlab.core.time.timebase import NS_PER_S
from tests.viewers.virtual import VirtualTime

TIMEOUT_S = 120.0
MAX_ITEMS = 3


class ByHand(WorkerPool):
    """A pool whose work the test does."""

    def __init__(self) -> None:
        super().__init__("by-hand", 0)
        self.called: deque[Stage] = deque()
        self.timers: list[int] = []

    def call(self, stage: Stage) -> None:
        self.called.append(stage)

    def call_at(self, due_ns: int, stage: Stage) -> None:
        self.timers.append(due_ns)

    def work(self) -> None:
        while self.called:
            self.called.popleft().work()


class Noting(Worker[int]):
    """Notes what it was given, does what it is told with it, and has a timer."""

    def __init__(self, pool: WorkerPool, do: Callable[[int], object] = lambda item: item) -> None:
        super().__init__("noting", MAX_ITEMS, pool)
        self.handled: list[int] = []
        self.timer_ns: int | None = None
        self.rang = threading.Event()
        self._do = do

    def handle(self, item: int) -> None:
        self._do(item)
        self.handled.append(item)

    def get_timer(self) -> int | None:
        return self.timer_ns

    def handle_timer(self, now_ns: int) -> None:
        assert self.timer_ns is not None
        assert now_ns >= self.timer_ns
        self.timer_ns = None
        self.rang.set()


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    pool = WorkerPool("test", 2)
    yield pool
    pool.close()


@given(st.lists(st.sampled_from(["offer", "work"])))
def test_items_are_handled_once_and_in_order(steps: list[str]) -> None:
    pool = ByHand()
    worker, taken, refused = Noting(pool), list[int](), 0
    for number, step in enumerate(steps):
        if step == "work":
            pool.work()
        elif worker.has_room():
            assert worker.offer(number)
            taken.append(number)
        else:
            assert not worker.offer(number)
            refused += 1
        assert len(pool.called) <= 1
        assert len(taken) - len(worker.handled) <= MAX_ITEMS
    pool.work()
    assert worker.handled == taken
    assert worker.peak <= MAX_ITEMS
    assert len(taken) + refused == steps.count("offer")


def test_an_error_ends_its_stage_only() -> None:
    pool = ByHand()

    def fail(_: int) -> None:
        raise ValueError("broken")

    broken, sound = Noting(pool, fail), Noting(pool)
    for worker in (broken, sound):
        worker.offer(1)
        worker.offer(2)
    pool.work()
    assert broken.health.last_error == "ValueError: broken"
    assert broken.has_room()
    assert broken.offer(3)
    pool.work()
    assert (broken.handled, sound.handled) == ([], [1, 2])
    assert (broken.failures, broken.lost) == (1, 2)


class Failing(Noting):
    """Starts anew with even items only; fails as often as it is told."""

    def __init__(self, pool: WorkerPool, failures: int) -> None:
        super().__init__(pool, self._break)
        self.resets = 0
        self._left = failures

    def restarts_with(self, item: int) -> bool:
        return item % 2 == 0

    def reset(self) -> None:
        self.resets += 1

    def _break(self, item: int) -> None:
        self._left -= 1
        if self._left >= 0:
            raise ValueError(f"broken by {item}")


@given(failures=st.integers(0, 9))
def test_a_stage_that_failed_starts_anew_after_a_back_off_that_grows(failures: int) -> None:
    time = VirtualTime()
    with time.installed():
        pool = ByHand()
        worker = Failing(pool, failures)
        number, delays_ns = 0, []
        for _ in range(failures):
            worker.offer(number)
            pool.work()
            assert worker.health.last_error == f"ValueError: broken by {number}"
            assert worker.health.state == "failing"
            failed_ns, number = time.now_ns, number + 1
            while not worker._items:
                time.now_ns += NS_PER_S // 10
                number += 1
                worker.offer(number)
            assert number % 2 == 0
            delays_ns.append(time.now_ns - failed_ns)
            worker._items.clear()
        worker.offer(number)
        pool.work()
        assert worker.handled == [number]
        time.now_ns += FORGET_NS + 1
        assert worker.health.state == "ok"
        assert worker.failures == worker.resets == failures
        for count, delay_ns in enumerate(delays_ns):
            backoff_ns = min(FIRST_RETRY_NS << count, LONGEST_RETRY_NS)
            assert backoff_ns <= delay_ns <= backoff_ns + NS_PER_S // 5


def test_the_back_off_starts_from_the_beginning_after_a_calm_time() -> None:
    time = VirtualTime()
    with time.installed():
        pool = ByHand()
        worker = Failing(pool, 3)
        for pause_ns in (0, FIRST_RETRY_NS, CALM_NS + 1):
            time.now_ns += pause_ns
            worker.offer(0)
            pool.work()
        assert worker.failures == 3
        time.now_ns += FIRST_RETRY_NS
        worker.offer(0)
        pool.work()
        assert worker.handled == [0]


def test_what_is_stopped_does_nothing_more() -> None:
    pool = ByHand()
    worker = Noting(pool)
    worker.offer(1)
    worker.stop()
    worker.offer(2)
    pool.work()
    worker.join(0.0)
    assert worker.handled == []


def test_a_timer_is_set_when_there_is_nothing_else_to_do() -> None:
    pool = ByHand()
    worker = Noting(pool)
    worker.timer_ns = later_ns = monotonic_ns() + 3_600_000_000_000
    worker.offer(1)
    pool.work()
    worker.offer(2)
    pool.work()  # it is set already
    worker.timer_ns = later_ns + 1
    worker.nudge()
    pool.work()  # too early is good enough
    assert pool.timers == [later_ns]
    worker.timer_ns = later_ns - 1
    worker.nudge()
    pool.work()
    assert pool.timers == [later_ns, later_ns - 1]


def test_a_timer_rings_while_there_is_other_work(pool: WorkerPool) -> None:
    over = threading.Event()
    endless = [Noting(pool) for _ in range(3)]

    def again(worker: Noting) -> Callable[[int], object]:
        return lambda item: None if over.is_set() else worker.offer(item)

    for worker in endless:
        worker._do = again(worker)
        worker.offer(0)
    late = Noting(pool)
    late.timer_ns = monotonic_ns() + 20_000_000
    late.nudge()
    assert late.rang.wait(TIMEOUT_S)
    over.set()


def test_a_stage_that_blocks_leaves_the_others_a_thread(pool: WorkerPool) -> None:
    gate, done = threading.Event(), threading.Event()
    blocking, other = (
        Noting(pool, lambda _: gate.wait(TIMEOUT_S)),
        Noting(pool, lambda _: done.set()),
    )
    blocking.offer(1)
    other.offer(1)
    assert done.wait(TIMEOUT_S)
    assert blocking.handled == []
    blocking.stop()
    gate.set()
    blocking.join(TIMEOUT_S)
    assert blocking.handled == [1]


def test_a_stage_is_worked_on_by_one_thread_at_a_time(pool: WorkerPool) -> None:
    inside, most, done = [0], [0], threading.Event()

    def count(item: int) -> None:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        threading.Event().wait(0.001)
        inside[0] -= 1
        if item == 40:
            done.set()

    worker = Noting(pool, count)
    number = 0
    while number <= 40:
        if worker.offer(number):
            number += 1
    assert done.wait(TIMEOUT_S)
    assert most == [1]
    assert worker.handled[:40] == list(range(40))


def test_items_come_before_timers_and_timers_before_the_work_they_left() -> None:
    done: list[str] = []

    class Backlog(Noting):
        left = 0

        def handle(self, item: int) -> None:
            done.append(f"item {item}")
            self.left += 1

        def handle_timer(self, now_ns: int) -> None:
            done.append("timer")
            super().handle_timer(now_ns)

        def has_work(self) -> bool:
            return self.left > 0

        def work_on(self) -> None:
            done.append("work")
            self.left -= 1
            if len(done) < 5:
                self.offer(3)

    pool = ByHand()
    stage = Backlog(pool)
    stage.timer_ns = 0
    stage.offer(1)
    stage.offer(2)
    pool.work()
    assert done == ["item 1", "item 2", "timer", "work", "item 3", "work", "work"]


class Hanging(Failing):
    """Does not return from its first item before ``meanwhile`` has been done."""

    def __init__(self, pool: WorkerPool, meanwhile: Callable[[], object]) -> None:
        super().__init__(pool, 0)
        self._meanwhile = [meanwhile]

    def _break(self, item: int) -> None:
        if self._meanwhile:
            self._meanwhile.pop()()


def test_a_stage_that_hangs_takes_no_room_from_others_and_starts_anew_when_it_returns() -> None:
    time = VirtualTime()
    with time.installed():
        pool = ByHand()

        def meanwhile() -> None:
            for number in range(MAX_ITEMS):
                assert worker.has_room()
                worker.offer(number)
            assert not worker.has_room()
            time.now_ns += HANG_NS + 1
            assert worker.health.state == "failing"
            for number in range(10):
                assert worker.has_room()
                assert worker.offer(number)

        worker = Hanging(pool, meanwhile)
        worker.offer(0)
        pool.work()
        assert worker.handled == [0]
        assert (worker.failures, worker.lost, worker.resets) == (1, MAX_ITEMS + 10, 1)
        assert worker.health.state == "ok"
        assert worker.offer(1)
        assert worker.offer(2)
        pool.work()
        assert worker.handled == [0, 2]


def test_a_stage_whose_step_is_abandoned_goes_on_in_another_thread() -> None:
    time = VirtualTime()
    with time.installed():
        pool = ByHand()

        def meanwhile() -> None:
            time.now_ns += HANG_NS + 1
            assert worker.hangs
            worker.abandon()
            assert worker.health.state == "ok"
            worker.offer(2)
            pool.work()
            assert worker.handled == [2]

        worker = Hanging(pool, meanwhile)
        worker.offer(0)
        pool.work()
        assert worker.resets == 1
        worker.offer(3)
        pool.work()
        assert worker.handled == [2, 0, 3]


def test_a_stage_that_gets_another_pool_while_it_works_goes_on_there() -> None:
    pool, other = ByHand(), ByHand()
    worker = Noting(pool, lambda item: worker.request_pool(other) if item == 1 else None)
    for number in range(MAX_ITEMS):
        worker.offer(number)
    pool.work()
    assert worker.handled == [0, 1]
    other.work()
    assert worker.handled == [0, 1, 2]
    worker.offer(3, here=pool)  # its sender does not know yet
    assert worker.handled == [0, 1, 2]
    assert not pool.called
    other.work()
    assert worker.handled == [0, 1, 2, 3]
