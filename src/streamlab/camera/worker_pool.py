"""The stages of a camera, and the worker pools that run them for all cameras.

A stage is a bounded mailbox whose items are handled in order, one at a time. It has no thread of
its own: with two threads per camera, dozens would wake for a millisecond of work each, contend for
the interpreter, and find the caches cold. Instead, a free thread of the pool takes the stage that
has waited longest, and handles what is in its mailbox.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
from collections import deque
from functools import cache
from typing import Any, Generic, TypeVar

from streamlab.clock import monotonic_ns
from streamlab.core.time.timebase import NS_PER_S
from streamlab.cores import usable_cores

T = TypeVar("T")
log = logging.getLogger(__name__)
FIRST_RETRY_NS, LONGEST_RETRY_NS = NS_PER_S // 2, 30 * NS_PER_S
CALM_NS = 60 * NS_PER_S  # without a failure, before the back-off starts from the beginning
ITEMS_AT_A_TIME = 4  # of one mailbox, before other stages get their turn


class WorkerPool:
    """Runs any number of stages in a fixed number of threads, started with the first work."""

    def __init__(self, name: str, threads: int) -> None:
        self._name, self._threads = name, threads
        self._ready: deque[Worker[Any]] = deque()
        self._timers: list[tuple[int, int, Worker[Any]]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._started = self._over = False

    @classmethod
    def of_all_cores(cls) -> WorkerPool:
        """Return a pool with one thread per usable core, at least two."""
        return cls("work", max(2, usable_cores()))

    def call(self, worker: Worker[Any]) -> None:
        """Queue a stage for the next free thread."""
        with self._changed:
            self._start()
            self._ready.append(worker)
            self._changed.notify()

    def call_at(self, due_ns: int, worker: Worker[Any]) -> None:
        """Nudge a stage at ``due_ns``, monotonic."""
        with self._changed:
            heapq.heappush(self._timers, (due_ns, next(self._order), worker))
            if self._timers[0][2] is worker:
                self._changed.notify()

    def close(self) -> None:
        """End the threads when no work is left. Returns at once."""
        with self._changed:
            self._over = True
            self._timers.clear()
            self._changed.notify_all()

    def _start(self) -> None:
        if not self._started:
            self._started = True
            for number in range(self._threads):
                name = f"{self._name}-{number}"
                threading.Thread(target=self._run, name=name, daemon=True).start()

    def _run(self) -> None:
        while (worker := self._next()) is not None:
            worker.work()

    def _next(self) -> Worker[Any] | None:
        while True:
            with self._changed:
                while not self._ready and not self._is_due() and not self._over:
                    self._changed.wait(self._timeout_s())
                if not self._is_due():
                    return self._ready.popleft() if self._ready else None
                _, _, due = heapq.heappop(self._timers)
            due.nudge()

    def _is_due(self) -> bool:
        return bool(self._timers) and self._timers[0][0] <= monotonic_ns()

    def _timeout_s(self) -> float | None:
        if not self._timers:
            return None
        return max(0, self._timers[0][0] - monotonic_ns()) / NS_PER_S


@cache
def shared_pool() -> WorkerPool:
    """Return the pool of the process, for stages that are given none."""
    return WorkerPool.of_all_cores()


class Worker(Generic[T]):
    """A stage. A full mailbox refuses the newest item; the sender counts the drop.

    A stage that raises drops its state and its items, and starts anew with the first item after a
    back-off that ``restarts_with`` accepts. Until then it accepts and drops everything, so that the
    other channels of its camera go on.

    Items come first, then timers, then the work that items have left behind: a result that arrived
    while the stage was busy is handled before its frame's deadline is checked.
    """

    def __init__(self, name: str, max_items: int, pool: WorkerPool | None = None) -> None:
        self.name = name
        self.max_items = max_items
        self.peak = 0
        self.error = ""
        """What the stage failed with, until it has worked again."""
        self.failures = 0
        self.lost = 0
        """Items dropped while the stage had failed."""
        self._failed_ns = -CALM_NS
        self._backoff_ns = 0
        self._retry_ns = 0  # it has failed, and may start anew then; 0: it has not
        self.pool = pool or shared_pool()
        self._items: deque[T] = deque()
        self._lock = threading.Lock()
        self._called = False  # queued for a thread, or being worked on
        self._armed_ns: int | None = None
        self._stopping = False
        self._idle = threading.Event()
        self._idle.set()

    def handle(self, item: T) -> None:
        """Process one item."""
        raise NotImplementedError

    def get_timer(self) -> int | None:
        """Return when to call ``handle_timer``, monotonic ns, or None."""
        return None

    def handle_timer(self, now_ns: int) -> None:
        """Process what is due at ``now_ns``."""

    def has_work(self) -> bool:
        """Return True while handled items have left work to do."""
        return False

    def work_on(self) -> None:
        """Do one piece of the work that handled items have left."""

    def restarts_with(self, item: T) -> bool:  # noqa: ARG002
        """Return True if a stage that has failed may start anew with this item."""
        return True

    def reset(self) -> None:
        """Drop what earlier items have left behind: the stage has failed."""

    def has_room(self) -> bool:
        """Return True if the next ``offer`` will be accepted. Assumes a single sender."""
        return bool(self._retry_ns) or len(self._items) < self.max_items

    @property
    def is_idle(self) -> bool:
        """True if no thread works on the stage or is about to."""
        return not self._called

    def offer(self, item: T, *, here: bool = False) -> bool:
        """Add an item to the mailbox; return False if it is full.

        ``here``: work on it in this thread before returning, unless another thread already does.
        """
        if self._stopping:
            return True
        if self._retry_ns and not self._retries(item):
            self.lost += 1
            return True
        with self._lock:
            if len(self._items) >= self.max_items:
                return False
            self._items.append(item)
            self.peak = max(self.peak, len(self._items))
        self.nudge(here=here)
        return True

    def nudge(self, *, here: bool = False) -> None:
        """Schedule a check of the mailbox and the timer; ``here``: in this thread. Thread-safe."""
        with self._lock:
            if self._called or self._stopping:
                return
            self._called = True
            self._idle.clear()
        if here:
            self.work()
        else:
            self.pool.call(self)

    def request_pool(self, pool: WorkerPool) -> None:
        """Run in the threads of this pool from now on."""
        self.pool = pool

    def stop(self) -> None:
        """Stop after the current item and discard the others. Returns at once."""
        with self._lock:
            self._stopping = True
            self._items.clear()

    def join(self, timeout_s: float) -> None:
        """After ``stop``, wait until no thread works on the stage."""
        self._idle.wait(timeout_s)

    def work(self) -> None:
        """Do up to ``ITEMS_AT_A_TIME`` steps. Called by one thread at a time.

        An exception is logged, counted and kept in ``error``; only this stage starts anew.
        """
        try:
            for _ in range(ITEMS_AT_A_TIME):
                if not self._step():
                    break
                self.error = ""
        except Exception as error:  # noqa: BLE001 - the boundary of a stage
            self._fail(error)
        self._leave()

    def _fail(self, error: Exception) -> None:
        now_ns = monotonic_ns()
        calm = now_ns - self._failed_ns > CALM_NS
        self._backoff_ns = FIRST_RETRY_NS if calm else min(2 * self._backoff_ns, LONGEST_RETRY_NS)
        self._failed_ns = now_ns
        self.failures += 1
        log.exception("%s failed; it starts anew in %.1f s", self.name, self._backoff_ns / NS_PER_S)
        with self._lock:
            self.error = f"{type(error).__name__}: {error}"
            self._items.clear()
            self._retry_ns = now_ns + self._backoff_ns
        self.reset()

    def _retries(self, item: T) -> bool:
        if monotonic_ns() < self._retry_ns or not self.restarts_with(item):
            return False
        self._retry_ns = 0
        return True

    def _step(self) -> bool:
        """Handle an item, a due timer or left-over work; return False if there was none."""
        with self._lock:
            if self._stopping:
                return False
            item = self._items.popleft() if self._items else None
        if item is not None:
            self.handle(item)
        elif self._due():
            self.handle_timer(monotonic_ns())
        elif self.has_work():
            self.work_on()
        else:
            return False
        return True

    def _leave(self) -> None:
        timer_ns = None if self._stopping else self.get_timer()
        with self._lock:
            more = bool(self._items) or self._due() or self.has_work()
            more &= not self._stopping
            self._called = more
            arms = not more and timer_ns is not None and not self._is_armed(timer_ns)
            if arms:
                self._armed_ns = timer_ns
            if not more:
                self._idle.set()
        if more:
            self.pool.call(self)
        elif arms and timer_ns is not None:
            self.pool.call_at(timer_ns, self)

    def _is_armed(self, timer_ns: int) -> bool:
        # A timer that is too early stays: moving it on every frame costs more than waking up once.
        armed_ns = self._armed_ns
        return armed_ns is not None and monotonic_ns() < armed_ns <= timer_ns

    def _due(self) -> bool:
        timer_ns = self.get_timer()
        return timer_ns is not None and timer_ns <= monotonic_ns()
