"""A stage of a camera: a bounded mailbox whose items are handled in order, one at a time."""

from __future__ import annotations

import logging
import threading
from collections import deque
from typing import Generic, TypeVar

from streamlab.camera.worker_pool import WorkerPool, shared_pool
from streamlab.clock import monotonic_ns, wall_s
from streamlab.core.health import HealthRecord, PartHealth
from streamlab.core.time.timebase import NS_PER_S
from streamlab.detect.text import error_text

T = TypeVar("T")
log = logging.getLogger(__name__)
FIRST_RETRY_NS, LONGEST_RETRY_NS = NS_PER_S // 2, 4 * NS_PER_S
CALM_NS = 60 * NS_PER_S  # without a failure, before the back-off starts from the beginning
HANG_NS = 1 * NS_PER_S  # no step of a stage takes that long on a healthy machine
RECOVERY_STEPS = 20  # a stage that fails on every frame still takes some steps in between
ITEMS_AT_A_TIME = 4  # of one mailbox, before other stages get their turn


def _new_record() -> HealthRecord:
    return HealthRecord(HANG_NS, recovery=RECOVERY_STEPS)


class Worker(Generic[T]):
    """A stage. A full mailbox refuses the newest item; the sender counts the drop.

    A stage that raises drops its state and its items, and starts anew with the first item after a
    back-off that ``restarts_with`` accepts. So does one that is full because a step hangs, once
    that step has returned or ``abandon`` was called. Until then it accepts and drops everything, so
    that the other channels of its camera go on.

    Items come first, then timers, then the work that items have left behind: a result that arrived
    while the stage was busy is handled before its frame's deadline is checked.
    """

    def __init__(self, name: str, max_items: int, pool: WorkerPool | None = None) -> None:
        self.name = name
        self.max_items = max_items
        self.peak = 0
        self.failures = 0
        self.lost = 0
        """Items dropped while the stage had failed."""
        self._record = _new_record()
        self._failed_ns = -CALM_NS
        self._backoff_ns = 0
        self._retry_ns = 0  # it has failed, and may start anew then; 0: it has not
        self._reset_due = False  # it was suspended while it worked
        self._run = 0  # counts the steps that were abandoned
        self.pool = pool or shared_pool()
        self._runs_in = self.pool  # that of the thread which works on it
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

    @property
    def health(self) -> PartHealth:
        """The current health of the stage. Thread-safe."""
        return self._record.at(monotonic_ns())

    @property
    def hangs(self) -> bool:
        """True while a step has not returned for ``HANG_NS``."""
        return self._record.hangs(monotonic_ns())

    def is_full(self) -> bool:
        """Return True if the stage must not get more items."""
        return len(self._items) >= self.max_items

    def has_items(self) -> bool:
        """Return True while items wait, or a thread works on one."""
        return bool(self._items) or not self.is_idle

    def has_room(self) -> bool:
        """Return True if the next ``offer`` will be accepted. Assumes a single sender."""
        if self._retry_ns or not self.is_full():
            return True
        if not self.hangs:
            return False
        log.error("%s hangs; it starts anew when the step returns", self.name)
        self.failures += 1
        self._reset_due = True
        self._suspend(monotonic_ns())
        self.nudge()  # in case the step has returned just now
        return True

    @property
    def is_idle(self) -> bool:
        """True if no thread works on the stage or is about to."""
        return not self._called

    def offer(self, item: T, *, here: WorkerPool | None = None) -> bool:
        """Add an item to the mailbox; return False if it is full.

        ``here``: work on it in this thread before returning, as a thread of this pool, unless
        another thread already does.
        """
        if self._stopping:
            return True
        if self._retry_ns and not self._restarts(item):
            self.lost += 1
            return True
        with self._lock:
            if len(self._items) >= self.max_items:
                return False
            self._items.append(item)
            self.peak = max(self.peak, len(self._items))
        self.nudge(here=here)
        return True

    def nudge(self, *, here: WorkerPool | None = None) -> None:
        """Schedule a check of the mailbox and the timer. Thread-safe.

        ``here``: do it in this thread, as one of this pool.
        """
        with self._lock:
            if self._called or self._stopping:
                return
            self._called = True
            self._idle.clear()
            self._runs_in = pool = here or self.pool
        if here:
            self.work()
        else:
            pool.call(self)

    @property
    def is_in_its_pool(self) -> bool:
        """False once the stage got another pool than that of the thread which works on it."""
        return self._runs_in is self.pool

    def request_pool(self, pool: WorkerPool) -> None:
        """Run in the threads of this pool from now on."""
        self.pool = pool

    def abandon(self) -> None:
        """Leave the step that hangs to its thread, and start anew in another one. Thread-safe."""
        self._suspend(monotonic_ns())
        with self._lock:
            self._run += 1
            self._called = False
            self._idle.set()
        self._record, self._reset_due = _new_record(), False
        self.reset()

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

        An exception is logged, counted and shown in ``health``; only this stage starts anew.
        """
        run, record = self._run, self._record
        try:
            for _ in range(ITEMS_AT_A_TIME):
                record.receive_start(monotonic_ns())
                if not self._step():
                    break
                record.receive_success()
                if run != self._run:
                    break
        except Exception as error:  # noqa: BLE001 - the boundary of a stage
            if run == self._run:
                self._fail(error)
        record.receive_end(monotonic_ns())
        if run == self._run:
            self._leave()

    def _fail(self, error: Exception) -> None:
        now_ns = monotonic_ns()
        calm = now_ns - self._failed_ns > CALM_NS
        self._backoff_ns = FIRST_RETRY_NS if calm else min(2 * self._backoff_ns, LONGEST_RETRY_NS)
        self._failed_ns = now_ns
        self.failures += 1
        log.exception("%s failed; it starts anew in %.1f s", self.name, self._backoff_ns / NS_PER_S)
        self._record.receive_failure(error_text(error), 1, now_ns, wall_s())
        self._suspend(now_ns + self._backoff_ns)
        self.reset()

    def _suspend(self, retry_ns: int) -> None:
        with self._lock:
            self.lost += len(self._items)
            self._items.clear()
            self._retry_ns = retry_ns

    def _restarts(self, item: T) -> bool:
        if self._reset_due or monotonic_ns() < self._retry_ns or not self.restarts_with(item):
            return False
        self._retry_ns = 0
        return True

    def _step(self) -> bool:
        """Reset, handle an item, a due timer or left-over work; return False if there was none."""
        with self._lock:
            if self._stopping or not self.is_in_its_pool:
                return False
            item = self._items.popleft() if self._items and not self._reset_due else None
        if self._reset_due:
            self.reset()
            self._reset_due = False
        elif item is not None:
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
            more = bool(self._items) or self._due() or self.has_work() or self._reset_due
            more &= not self._stopping
            self._called = more
            arms = not more and timer_ns is not None and not self._is_armed(timer_ns)
            if arms:
                self._armed_ns = timer_ns
            if not more:
                self._idle.set()
            self._runs_in = pool = self.pool
        if more:
            pool.call(self)
        elif arms and timer_ns is not None:
            pool.call_at(timer_ns, self)

    def _is_armed(self, timer_ns: int) -> bool:
        # A timer that is too early stays: moving it on every frame costs more than waking up once.
        armed_ns = self._armed_ns
        return armed_ns is not None and monotonic_ns() < armed_ns <= timer_ns

    def _due(self) -> bool:
        timer_ns = self.get_timer()
        return timer_ns is not None and timer_ns <= monotonic_ns()
