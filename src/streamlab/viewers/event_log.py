"""The newest events of a process's cameras, in plain words, for those who watch over them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Literal, NamedTuple

from streamlab.clock import wall_s
from streamlab.core.access import Access
from streamlab.viewers.sequence import first_sequence

MAX_EVENTS = 1000
MAX_DETAIL_CHARS = 500

EventKind = Literal["camera_added", "camera_removed", "source", "health", "sync_state", "worker"]


class LoggedEvent(NamedTuple):
    """Something that happened to a camera."""

    id: int
    """Counts over all events of the process, and does not restart with it."""
    kind: EventKind
    at: float
    """Unix time, s."""
    camera_id: str
    detail: str
    of_channels: Mapping[str, str] = {}
    """What ``detail`` says of single channels, by channel; empty if it is of the whole camera."""

    def detail_for(self, access: Access) -> str | None:
        """Return the detail as far as a viewer may know it; None if it may not know of it."""
        seen = access.of(self.camera_id)
        if not access.sees(self.camera_id):
            return None
        if seen.watches_all or not self.of_channels:
            return self.detail
        return _joined(text for name, text in self.of_channels.items() if seen.watches(name))


class EventLog:
    """Keeps the newest ``MAX_EVENTS``; older ones are dropped. Lives in one event loop."""

    def __init__(self) -> None:
        self.closed = False
        """True once no event will be added: the process stops."""
        self.newest_id = first_sequence(wall_s())
        self._events: deque[LoggedEvent] = deque(maxlen=MAX_EVENTS)
        self._added = asyncio.Event()

    def add(
        self, kind: EventKind, camera_id: str, detail: str, of_channels: Mapping[str, str] = {}
    ) -> None:
        """Record an event and wake those who wait for it."""
        self.newest_id += 1
        texts = {name: text[:MAX_DETAIL_CHARS] for name, text in of_channels.items()}
        event = LoggedEvent(
            self.newest_id, kind, wall_s(), camera_id, detail[:MAX_DETAIL_CHARS], texts
        )
        self._events.append(event)
        self._added.set()
        self._added = asyncio.Event()

    def after(self, event_id: int) -> list[LoggedEvent]:
        """Return the events after this id, as far as they are held, oldest first."""
        held = len(self._events)
        count = max(0, min(self.newest_id - event_id, held))
        return list(islice(self._events, held - count, None))

    def close(self) -> None:
        """Wake those who wait for the last time."""
        self.closed = True
        self._added.set()

    async def wait(self) -> None:
        """Wait for the next event, or until the log is closed."""
        await self._added.wait()


def _joined(texts: Iterable[str]) -> str | None:
    return " ".join(dict.fromkeys(filter(None, texts)))[:MAX_DETAIL_CHARS] or None
