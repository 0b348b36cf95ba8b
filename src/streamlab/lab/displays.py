"""Holds the widgets that front ends display: often nobody else refers to them.

A front end names each display of a widget (``view_id``) in every message. A display ends when the
front end reports that it was closed, or when nothing was heard of it for ``SILENT_S``: pages close
without a word, but also reload, and laptops sleep. The announced display, which no front end has
opened yet (``ANNOUNCED``), ends after ``UNOPENED_S``. A page that is left leaves a display behind
(``LEFT``), which the next page takes over.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from streamlab.clock import monotonic_ns
from streamlab.core.time.timebase import NS_PER_S

ANNOUNCED = ""
LEFT = "left"
UNOPENED_S = 60.0
SILENT_S = 3600.0


class Displays:
    """Refers to widgets while they are displayed. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._heard_ns: dict[tuple[object, str], int] = {}
        self._changing = threading.RLock()  # a widget may be collected, and dropped, at any line

    def announce(self, widget: object) -> None:
        """Hold a widget that is about to be displayed."""
        with self._changing:
            self._heard_ns[widget, ANNOUNCED] = monotonic_ns()

    def receive(self, widget: object, message: Mapping[str, Any]) -> None:
        """Process a message from a display of a widget."""
        key = (widget, str(message.get("view_id")))
        with self._changing:
            match message.get("type"):
                case "close":
                    self._heard_ns.pop(key, None)
                case "leave":
                    self._heard_ns.pop(key, None)
                    self._heard_ns[widget, LEFT] = monotonic_ns()
                case "open" | "keep":
                    for former in (ANNOUNCED, LEFT):
                        self._heard_ns.pop((widget, former), None)
                    self._heard_ns[key] = monotonic_ns()
                case _ if key in self._heard_ns:
                    self._heard_ns[key] = monotonic_ns()
                case _:
                    pass

    def drop(self, widget: object) -> None:
        """Let go of a widget that was closed."""
        with self._changing:
            for key in [key for key in self._heard_ns if key[0] is widget]:
                del self._heard_ns[key]

    def drop_unopened(self, is_over: Callable[[object], bool]) -> None:
        """End the announced displays of widgets that have nothing to show any more."""
        with self._changing:
            for widget, display in list(self._heard_ns):
                if display == ANNOUNCED and is_over(widget):
                    del self._heard_ns[widget, display]

    def drop_silent(self, listened_ns: int) -> None:
        """End the displays that have been silent for too long.

        ``listened_ns`` is the last time at which a message would have been received.
        """
        with self._changing:
            for key, heard_ns in list(self._heard_ns.items()):
                limit_s = UNOPENED_S if key[1] == ANNOUNCED else SILENT_S
                if listened_ns - heard_ns > limit_s * NS_PER_S:
                    del self._heard_ns[key]

    def __contains__(self, widget: object) -> bool:
        with self._changing:
            return any(key[0] is widget for key in self._heard_ns)


DISPLAYS = Displays()
"""The displays of all labs of the process: those of a closed lab outlive it."""
