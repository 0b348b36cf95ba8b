"""Server-sent events, read from bytes as the WHATWG HTML standard (9.2.6) says.

`httpx.Response.iter_lines` splits at characters that are no line ends here (U+2028, form feed),
so the lines are split by hand.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from typing import Any

LINE_END = re.compile(rb"\r\n|\n|\r")
EVENT_BYTES_MAX = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its name, the last event id in force, and its data as a JSON object."""

    name: str
    event_id: str
    data: dict[str, Any]
    arrived_at: float = 0.0  # Unix seconds


@dataclass(slots=True)
class EventParser:
    """Feed it the bytes of a `text/event-stream` body, in pieces of any size."""

    _pending: bytearray = field(default_factory=bytearray)
    _name: str = ""
    _event_id: str = ""
    _data: list[str] = field(default_factory=list)

    def receive(self, piece: bytes) -> list[Event]:
        """Return the events that `piece` completes.

        Raises ValueError when an event has no JSON object as data or grows past its bound.
        """
        self._pending += piece
        if len(self._pending) > EVENT_BYTES_MAX:
            raise ValueError(f"an event of more than {EVENT_BYTES_MAX} bytes")
        events = []
        for line in self._take_lines():
            event = self._receive_line(line)
            if event is not None:
                events.append(event)
        return events

    def _take_lines(self) -> list[str]:
        if self._pending.endswith(b"\r"):  # perhaps the first half of CR LF
            return []
        *lines, rest = LINE_END.split(self._pending)
        self._pending = bytearray(rest)
        return [bytes(line).decode() for line in lines]

    def _receive_line(self, line: str) -> Event | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._name = value
        elif name == "data":
            self._data.append(value)
        elif name == "id" and "\0" not in value:
            self._event_id = value
        return None

    def _dispatch(self) -> Event | None:
        name, data = self._name or "message", "\n".join(self._data)
        self._name, self._data = "", []
        if not data:
            return None
        value = json.loads(data)
        if not isinstance(value, dict):
            raise ValueError(f"the data of a {name!r} event is no JSON object: {data[:80]}")
        return Event(name, self._event_id, value, time.time())
