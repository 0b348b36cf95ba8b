"""Whether a detector works: a pure record of its answers and failures, time given as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from streamlab.core.time.timebase import NS_PER_S
from streamlab.detect.text import printable

HealthState: TypeAlias = Literal["ok", "slow", "failing", "none"]
RECOVERY_ANSWERS = 3
"""So many good answers in a row end ``failing``: one that fails every other time is not well."""
SLOW_NS = 1 * NS_PER_S
"""An answer that takes longer comes too late to be of use: boxes are carried for no longer."""
MAX_ERROR_CHARS = 300


@dataclass(frozen=True, slots=True)
class DetectorHealth:
    """How a detector is doing, as ``GET /cameras`` shows it."""

    state: HealthState
    detail: str = ""
    """Why, in words; empty while it is ``ok``."""
    failed: int = 0
    """How many pictures have got no answer since the start, because it failed."""
    last_error: str = ""
    """Class and text of the newest failure, also after recovery."""
    last_failed_at: float | None = None
    """When that was, Unix seconds."""


class HealthRecord:
    """Keeps what became of each batch. Not thread-safe: its user has a lock."""

    def __init__(self) -> None:
        self._failed = 0
        self._last_error = ""
        self._last_failed_at: float | None = None
        self._good_in_a_row = RECOVERY_ANSWERS
        self._started_ns: int | None = None
        self._took_ns = 0

    def receive_start(self, now_ns: int) -> None:
        """The detector begins with a batch."""
        self._started_ns = now_ns

    def receive_end(self, now_ns: int) -> None:
        """It is done with it, well or not."""
        if self._started_ns is not None:
            self._took_ns, self._started_ns = now_ns - self._started_ns, None

    def receive_success(self) -> None:
        """All pictures of a batch have their answers."""
        self._good_in_a_row += 1

    def receive_failure(self, error: BaseException, pictures: int, at: float) -> None:
        """So many pictures have no answer, because of ``error``, at Unix second ``at``."""
        self._failed += pictures
        self._last_error = printable(f"{type(error).__name__}: {error}", MAX_ERROR_CHARS)
        self._last_failed_at = at
        self._good_in_a_row = 0

    def at(self, now_ns: int, *, none: bool = False) -> DetectorHealth:
        """Return the health now; ``none`` is for a camera without a detector."""
        state, detail = self._judge(now_ns)
        if none:
            state, detail = "none", ""
        return DetectorHealth(state, detail, self._failed, self._last_error, self._last_failed_at)

    def _judge(self, now_ns: int) -> tuple[HealthState, str]:
        if self._good_in_a_row < RECOVERY_ANSWERS and self._last_failed_at is not None:
            clock = datetime.fromtimestamp(self._last_failed_at).astimezone().strftime("%H:%M:%S")
            return "failing", f"{self._last_error} ({clock}; {self._failed} pictures so far)"
        if self._started_ns is not None and now_ns - self._started_ns > SLOW_NS:
            return "slow", f"no answer for {(now_ns - self._started_ns) / NS_PER_S:.0f} s"
        if self._took_ns > SLOW_NS:
            return "slow", f"the newest answer took {self._took_ns / NS_PER_S:.1f} s"
        return "ok", ""
