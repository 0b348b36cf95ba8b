"""The worker pools that run the stages of all cameras.

A stage has no thread of its own: with two threads per camera, dozens would wake for a millisecond
of work each, contend for the interpreter, and find the caches cold. Instead, a free thread of the
pool takes the stage that has waited longest, and handles what is in its mailbox.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections import deque
from functools import cache
from typing import Protocol

from streamlab.clock import monotonic_ns
from streamlab.core.time.timebase import NS_PER_S
from streamlab.cores import usable_cores


class Stage(Protocol):
    """What a pool runs."""

    def work(self) -> None:
        """Do some of what there is to do. Called by one thread at a time."""
        ...

    def nudge(self) -> None:
        """Ask the pool for a thread if there is something to do."""
        ...


class WorkerPool:
    """Runs any number of stages in a fixed number of threads, started with the first work."""

    def __init__(self, name: str, threads: int) -> None:
        self._name, self._threads = name, threads
        self._ready: deque[Stage] = deque()
        self._timers: list[tuple[int, int, Stage]] = []
        self._order = itertools.count()
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._started = self._over = False

    @classmethod
    def of_all_cores(cls) -> WorkerPool:
        """Return a pool with one thread per usable core, at least two."""
        return cls("work", max(2, usable_cores()))

    def call(self, stage: Stage) -> None:
        """Queue a stage for the next free thread."""
        with self._lock:
            self._start()
            self._ready.append(stage)
            self._changed.notify()

    def call_at(self, due_ns: int, stage: Stage) -> None:
        """Nudge a stage at ``due_ns``, monotonic."""
        with self._lock:
            heapq.heappush(self._timers, (due_ns, next(self._order), stage))
            if self._timers[0][2] is stage:
                self._changed.notify()

    def close(self) -> None:
        """End the threads when no work is left. Returns at once."""
        with self._lock:
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
            del worker  # an idle thread would keep the camera of its last stage

    def _next(self) -> Stage | None:
        while True:
            with self._lock:
                while not self._ready and not self._is_due() and not self._over:
                    self._changed.wait(self._timeout_s())
                if not self._is_due():
                    return self._ready.popleft() if self._ready else None
                _, _, due = heapq.heappop(self._timers)
            due.nudge()
            del due

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
