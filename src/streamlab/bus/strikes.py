"""Counts how often a worker has ended while a camera was in native code. No clock, no IO."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from streamlab.core.time.timebase import NS_PER_S

MAX_STRIKES = 2
"""One may be chance: a thread that was in native code when another one crashed."""
FORGET_S = 600
_FORGET_NS = FORGET_S * NS_PER_S


class Strikes:
    """Strikes of the last ``FORGET_S`` seconds, by whom they count against."""

    def __init__(self) -> None:
        self._struck: dict[Hashable, list[int]] = {}

    def __len__(self) -> int:
        """Return against how many it holds strikes."""
        return len(self._struck)

    def receive_end(self, suspects: Iterable[Hashable], now_ns: int) -> None:
        """Count a strike against each suspect: their worker has ended."""
        self._forget(now_ns)
        for each in set(suspects):
            times = self._struck.setdefault(each, [])
            times.append(now_ns)
            del times[:-MAX_STRIKES]

    def is_out(self, suspect: Hashable, now_ns: int) -> bool:
        """Return True if ``MAX_STRIKES`` count against a suspect."""
        self._forget(now_ns)
        return len(self._struck.get(suspect, ())) >= MAX_STRIKES

    def _forget(self, now_ns: int) -> None:
        recent = {
            suspect: [at_ns for at_ns in times if now_ns - at_ns < _FORGET_NS]
            for suspect, times in self._struck.items()
        }
        self._struck = {suspect: times for suspect, times in recent.items() if times}
