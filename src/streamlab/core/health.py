"""Health of one part of a camera: a pure record of what it did; the caller passes in the time.

The parts are the detector, the renderer and the encoder of a channel. A part is

- ``failing`` from a failure until some successes in a row, or until nothing has failed for
  ``FORGET_NS``; and while it hangs: a call has not returned for ``timeout_ns``;
- ``slow``, if that matters for the part, while a call takes longer than ``slow_ns``, or the newest
  one did, less than ``FORGET_NS`` ago;
- ``none`` if the camera has no such part, else ``ok``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from streamlab.core.time.timebase import NS_PER_S

HealthState: TypeAlias = Literal["ok", "slow", "failing", "none"]
RECOVERY_SUCCESSES = 3
"""Successes in a row that end ``failing``: failing every other time is not healthy."""
FORGET_NS = 60 * NS_PER_S
"""What happened this long ago is over, even if the part has had nothing to do since."""
SLOW_NS = 1 * NS_PER_S
"""A slower answer comes too late to be useful: boxes are not carried for longer than this."""
MAX_ERROR_CHARS = 300


@dataclass(frozen=True, slots=True)
class PartHealth:
    """Health of a part of a camera, as shown by ``GET /cameras``."""

    state: HealthState
    detail: str = ""
    """The reason, in words; empty while the state is ``ok``."""
    failed: int = 0
    """Number of pictures lost to its failures since the start."""
    last_error: str = ""
    """Class and message of the newest failure; kept after recovery."""
    last_failed_at: float | None = None
    """Time of the newest failure, Unix seconds."""


NONE = PartHealth("none")
OK = PartHealth("ok")


class HealthRecord:
    """Records the outcome of each call. One thread records; any thread may ask for the health."""

    def __init__(
        self, timeout_ns: int, slow_ns: int | None = None, recovery: int = RECOVERY_SUCCESSES
    ) -> None:
        """``recovery``: the number of successes in a row that end ``failing``."""
        self._recovery = recovery
        self.timeout_ns = timeout_ns
        self._slow_ns = slow_ns
        self._failed = 0
        self._last_error = ""
        self._last_failed_at: float | None = None
        self._last_failed_ns = 0
        self._good_in_a_row = recovery
        self._started_ns: int | None = None
        self._took_ns = self._ended_ns = 0

    def receive_start(self, now_ns: int) -> None:
        """Record that a call began."""
        self._started_ns = now_ns

    def receive_end(self, now_ns: int) -> None:
        """Record that the call returned or raised."""
        if self._started_ns is not None:
            self._took_ns, self._started_ns = now_ns - self._started_ns, None
            self._ended_ns = now_ns

    def receive_success(self) -> None:
        """Record that a call did all that was asked of it."""
        self._good_in_a_row += 1

    def receive_failure(self, error: str, pictures: int, now_ns: int, at: float) -> None:
        """Record that ``pictures`` pictures were lost to ``error``, now, at Unix second ``at``."""
        self._failed += pictures
        self._last_error = error[:MAX_ERROR_CHARS]
        self._last_failed_ns, self._last_failed_at = now_ns, at
        self._good_in_a_row = 0

    def hangs(self, now_ns: int) -> bool:
        """Return True if a call has not returned for ``timeout_ns``."""
        return self._waiting_ns(now_ns) > self.timeout_ns

    def at(self, now_ns: int) -> PartHealth:
        """Return the health at ``now_ns``."""
        state, detail = self._judge(now_ns)
        return PartHealth(state, detail, self._failed, self._last_error, self._last_failed_at)

    def _judge(self, now_ns: int) -> tuple[HealthState, str]:
        waiting_ns = self._waiting_ns(now_ns)
        took_ns = self._took_ns if now_ns - self._ended_ns <= FORGET_NS else 0
        if waiting_ns > self.timeout_ns:
            return "failing", f"no answer for {waiting_ns / NS_PER_S:.0f} s; it hangs"
        if self._has_failed_lately(now_ns):
            pictures = "picture" if self._failed == 1 else "pictures"
            return "failing", f"{self._last_error} ({self._failed} {pictures} so far)"
        if self._slow_ns is not None and waiting_ns > self._slow_ns:
            return "slow", f"no answer for {waiting_ns / NS_PER_S:.0f} s"
        if self._slow_ns is not None and took_ns > self._slow_ns:
            return "slow", f"the newest answer took {took_ns / NS_PER_S:.1f} s"
        return "ok", ""

    def _waiting_ns(self, now_ns: int) -> int:
        started_ns = self._started_ns  # another thread may end the call meanwhile
        return 0 if started_ns is None else now_ns - started_ns

    def _has_failed_lately(self, now_ns: int) -> bool:
        if self._last_failed_at is None or self._good_in_a_row >= self._recovery:
            return False
        return now_ns - self._last_failed_ns <= FORGET_NS
