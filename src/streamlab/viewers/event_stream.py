"""Events of a camera's frames, for observers in the same event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable

from streamlab.camera.delivery import PipelineEvent
from streamlab.core.mp4.fragment import Fragment
from streamlab.core.stream.events import FragmentReleased

CameraEvent = PipelineEvent | FragmentReleased
"""An init segment, a finished or released fragment, a detection's timing or a source change."""

MAX_EVENTS = 4096  # 10 s at 60 fps, with finished and released fragments of both channels
MAX_BYTES = 32 * 1024 * 1024  # of the fragments that the events carry


class EventStream:
    """Buffers the events of one camera since it was opened, oldest first. Close it after use.

    Read it with ``take``, or with ``async for``, which ends when the camera does. A full buffer
    drops its oldest events and counts them in ``dropped``.
    """

    def __init__(self, on_close: Callable[[EventStream], None]) -> None:
        self.closed = False
        """True once no more events will be added."""
        self.dropped = 0
        self._events: deque[CameraEvent] = deque()
        self._bytes = 0
        self._news = asyncio.Event()
        self._on_close = on_close

    def add(self, events: Iterable[CameraEvent]) -> None:
        """Append events; called by the camera."""
        for event in events:
            self._events.append(event)
            self._bytes += _size_of(event)
        while len(self._events) > MAX_EVENTS or self._bytes > MAX_BYTES:
            self._bytes -= _size_of(self._events.popleft())
            self.dropped += 1
        self._news.set()

    def take(self) -> list[CameraEvent]:
        """Return and remove the unread events."""
        events = list(self._events)
        self._events.clear()
        self._bytes = 0
        self._news.clear()
        return events

    def close(self) -> None:
        """End the stream; unread events can still be read."""
        if not self.closed:
            self.closed = True
            self._on_close(self)
            self._news.set()

    async def __aiter__(self) -> AsyncIterator[CameraEvent]:
        """Yield events as they arrive."""
        while True:
            for event in self.take():
                yield event
            if not self._events:
                if self.closed:
                    return
                await self._news.wait()


def _size_of(event: CameraEvent) -> int:
    if isinstance(event, FragmentReleased):
        return len(event.entry.fragment.data)
    return len(event.data) if isinstance(event, Fragment) else 0
