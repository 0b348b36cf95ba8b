"""Reads the connections of one client, each of one camera, as one stream of events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from streamlab.clock import monotonic_ns, wall_s
from streamlab.core.events import Heartbeat
from streamlab.core.stream.connection import Delivered
from streamlab.core.time.timebase import NS_PER_S
from streamlab.viewers.fan_out import Frame, LiveGroup, Notify, Write, unframed
from streamlab.viewers.feed import Feed


class Reader:
    """Reads one or more connections, each of one camera, in one event loop. Close it after use.

    Events are bytes that all readers share; nothing is queued here.
    """

    def __init__(
        self, feeds: Sequence[Feed], heartbeat_interval_s: float, on_close: Callable[[], None]
    ) -> None:
        self.over = False
        """True once ``end`` of every stream has been taken."""
        self._feeds = feeds
        self._interval_ns = round(heartbeat_interval_s * NS_PER_S)
        self._on_close = on_close
        self._notify: Notify = _nothing
        self._write: Write | None = None
        self._groups: list[LiveGroup] = []
        self._taken_ns = monotonic_ns()
        self._heartbeat_due = False
        self._timer: asyncio.TimerHandle | None = None

    def listen(self, notify: Notify) -> None:
        """Call ``notify`` in the event loop whenever there may be something to take.

        The camera notifies its readers one after another: ``notify`` must be quick, must not
        raise, and must not close a reader.
        """
        self._notify = notify
        for feed in self._feeds:
            feed.fan_out.add(notify)
        self._arm()

    def take(self) -> list[bytes]:
        """Return the bytes of the next events, or an empty list."""
        return [feed.encode(item) for feed, item in self.take_items()]

    def take_items(self) -> list[tuple[Feed, Delivered]]:
        """Return the next events as values, each with its feed, or an empty list."""
        self.leave_live()
        feeds = self._feeds
        events = [(feed, item) for feed in feeds for item in feed.take()]
        if not events and self._heartbeat_due:
            events = [(feed, Heartbeat(wall_s())) for feed in feeds if not feed.over]
        if events:
            self._taken_ns = monotonic_ns()
            self._heartbeat_due = False
        if feeds[0].over:
            self.over = all(feed.over for feed in feeds)
        return events

    def join_live(self, write: Write, frame: Frame = unframed) -> None:
        """Have ``write`` called with each next fragment, while there is nothing else to take.

        ``frame`` is applied to each event, once for all readers that give the same function.
        Call this once everything taken has been written. ``write`` must not raise; when no more
        can be written, call ``leave_live``.
        """
        steps = [(feed, feed.connection.live_cursors()) for feed in self._feeds if not feed.over]
        if not all(cursors for _, cursors in steps):
            return
        self._write = write
        for feed, cursors in steps:
            joined = feed.fan_out.join_live(self._notify, write, cursors, feed.form, frame)
            if not joined:
                self.leave_live()
                return
            self._groups += joined

    def leave_live(self) -> None:
        """Return to ``notify`` and ``take``. What has been written is not taken again."""
        if self._write is None:
            return
        for group in self._groups:
            group.leave(self._write)
        for feed in self._feeds:
            feed.fan_out.leave_live(self._notify)
        self._taken_ns, self._write, self._groups = self._sent_ns, None, []

    async def batches(self) -> AsyncGenerator[list[bytes], None]:
        """Yield the bytes of events as they arrive, until all streams have ended."""
        async with aclosing(self.item_batches()) as batches:
            async for items in batches:
                yield [feed.encode(item) for feed, item in items]

    async def item_batches(self) -> AsyncGenerator[list[tuple[Feed, Delivered]], None]:
        """Yield events as they arrive, in non-empty lists, until all streams have ended."""
        news = asyncio.Event()
        self.listen(news.set)
        while not self.over:
            if items := self.take_items():
                yield items
            else:
                await news.wait()
                news.clear()

    def close(self) -> None:
        """Close the connections."""
        self.leave_live()
        if self._timer is not None:
            self._timer.cancel()
        for feed in self._feeds:
            feed.fan_out.remove(self._notify)
        self._on_close()

    def _arm(self) -> None:
        due_ns = self._sent_ns + self._interval_ns - monotonic_ns()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(max(0, due_ns) / NS_PER_S, self._on_timer)

    def _on_timer(self) -> None:
        if monotonic_ns() - self._sent_ns >= self._interval_ns:
            self._taken_ns, self._heartbeat_due = monotonic_ns(), True
            self._notify()
        self._arm()

    @property
    def _sent_ns(self) -> int:
        return max([self._taken_ns, *(group.written_ns for group in self._groups)])


def _nothing() -> None:
    pass
