"""Detector health: a pure record of answers and failures; the caller passes in the time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from streamlab.core.time.timebase import NS_PER_S
from streamlab.detect.text import printable

HealthState: TypeAlias = Literal["ok", "slow", "failing", "none"]
RECOVERY_ANSWERS = 3
"""Successes in a row that end ``failing``: failing every other time is not healthy."""
SLOW_NS = 1 * NS_PER_S
"""A slower answer comes too late to be useful: boxes are not carried for longer than this."""
MAX_ERROR_CHARS = 300


@dataclass(frozen=True, slots=True)
class DetectorHealth:
    """Health of a detector, as shown by ``GET /cameras``."""

    state: HealthState
    detail: str = ""
    """The reason, in words; empty while the state is ``ok``."""
    failed: int = 0
    """Number of pictures without an answer since the start because the detector failed."""
    last_error: str = ""
    """Class and message of the newest failure; kept after recovery."""
    last_failed_at: float | None = None
    """Time of the newest failure, Unix seconds."""


class HealthRecord:
    """Records the outcome of each batch. Not thread-safe: the caller must hold a lock."""

    def __init__(self) -> None:
        self._failed = 0
        self._last_error = ""
        self._last_failed_at: float | None = None
        self._good_in_a_row = RECOVERY_ANSWERS
        self._started_ns: int | None = None
        self._took_ns = 0

    def receive_start(self, now_ns: int) -> None:
        """Record that the detector started a batch."""
        self._started_ns = now_ns

    def receive_end(self, now_ns: int) -> None:
        """Record that the batch ended, successfully or not."""
        if self._started_ns is not None:
            self._took_ns, self._started_ns = now_ns - self._started_ns, None

    def receive_success(self) -> None:
        """Record that all pictures of a batch got an answer."""
        self._good_in_a_row += 1

    def receive_failure(self, error: BaseException, pictures: int, at: float) -> None:
        """Record that ``pictures`` pictures failed with ``error`` at Unix second ``at``."""
        self._failed += pictures
        self._last_error = printable(f"{type(error).__name__}: {error}", MAX_ERROR_CHARS)
        self._last_failed_at = at
        self._good_in_a_row = 0

    def at(self, now_ns: int, *, none: bool = False) -> DetectorHealth:
        """Return the health at ``now_ns``; ``none`` is for a camera without a detector."""
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
