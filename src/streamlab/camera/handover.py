"""Hands items from a camera's threads to the event loop, in batches."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class Handover(Generic[T]):
    """A bounded queue that wakes the loop once per batch, not once per item.

    Items that are not urgent wait for the next urgent one, or until the queue is half full. A full
    queue blocks the threads (back-pressure): their own queues fill up, and frames are dropped
    where that is allowed, at the source.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, receive: Callable[[list[T]], None], max_items: int
    ) -> None:
        self.max_items = max_items
        self.peak = 0
        self._loop = loop
        self._receive = receive
        self._items: deque[T] = deque()
        self._lock = threading.RLock()
        self._room = threading.Condition(self._lock)
        self._woken = False
        self._closed = False

    def put(self, items: Sequence[T], *, urgent: bool = True) -> None:
        """Queue items, from any thread. Blocks while the queue is full; drops them once closed."""
        with self._lock:
            while len(self._items) >= self.max_items and not self._closed:
                self._room.wait()
            if self._closed:
                return
            self._items.extend(items)
            self.peak = max(self.peak, len(self._items))
            wakes = not self._woken and (urgent or 2 * len(self._items) >= self.max_items)
            self._woken = self._woken or wakes
        if wakes:
            self._wake()

    def close(self) -> None:
        """Release blocked threads; queued and later items are dropped."""
        with self._lock:
            self._closed = True
            self._items.clear()
            self._room.notify_all()

    def _wake(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._drain)
        except RuntimeError:  # the loop has closed before the thread ended
            self.close()

    def _drain(self) -> None:
        with self._lock:
            batch = list(self._items)
            self._items.clear()
            self._woken = False
            self._room.notify_all()
        if batch:
            self._receive(batch)
