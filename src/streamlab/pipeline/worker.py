"""A thread with a bounded mailbox: the shape of every stage of a camera."""

from __future__ import annotations

import logging
import threading
from collections import deque
from typing import Generic, TypeVar

from streamlab.clock import monotonic_ns
from streamlab.core.timebase import NS_PER_S

T = TypeVar("T")
log = logging.getLogger(__name__)


class Worker(threading.Thread, Generic[T]):
    """Handles items in order. A full mailbox refuses the newest; the sender counts the drop."""

    def __init__(self, name: str, max_items: int) -> None:
        super().__init__(name=name, daemon=True)
        self.max_items = max_items
        self.peak = 0
        self.error = ""
        self._items: deque[T] = deque()
        self._changed = threading.Condition()
        self._stopping = False

    def handle(self, item: T) -> None:
        """Do the work of one item."""
        raise NotImplementedError

    def get_timer(self) -> int | None:
        """Return when ``handle_timer`` is to be called, monotonic ns, or None."""
        return None

    def handle_timer(self, now_ns: int) -> None:
        """Do what is due."""

    def has_room(self) -> bool:
        """Whether the next ``offer`` will be taken (one sender).

        A thread that has ended takes everything and does nothing: its channel is over, the
        other one is not.
        """
        return bool(self.error) or len(self._items) < self.max_items

    def offer(self, item: T) -> bool:
        """Hand over an item; False when the mailbox is full."""
        with self._changed:
            if self.error:
                return True
            if len(self._items) >= self.max_items:
                return False
            self._items.append(item)
            self.peak = max(self.peak, len(self._items))
            self._changed.notify()
        return True

    def stop(self) -> None:
        """End after the item in hand; returns at once."""
        with self._changed:
            self._stopping = True
            self._changed.notify()

    def run(self) -> None:
        """Work until stopped. An error ends this thread only, is logged, and is in ``error``."""
        try:
            while self._step():
                pass
        except Exception as error:
            log.exception("%s stopped", self.name)
            self.error = f"{type(error).__name__}: {error}"

    def _step(self) -> bool:
        with self._changed:
            while not self._items and not self._stopping and not self._due():
                self._changed.wait(self._timeout_s())
            if self._stopping:
                return False
            item = self._items.popleft() if self._items else None
        if item is not None:
            self.handle(item)
        if self._due():
            self.handle_timer(monotonic_ns())
        return True

    def _due(self) -> bool:
        timer_ns = self.get_timer()
        return timer_ns is not None and timer_ns <= monotonic_ns()

    def _timeout_s(self) -> float | None:
        timer_ns = self.get_timer()
        return None if timer_ns is None else max(0, timer_ns - monotonic_ns()) / NS_PER_S
