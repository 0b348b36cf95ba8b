"""Decides when a live source has stalled, and when it has to be reopened.

Rules:

- a pause is normal up to ``PAUSES`` times the longest of the last ``MAX_GAPS`` frame intervals, or
  the interval that the source claims, and always up to ``stall_after_ns``: a camera that delivers
  a frame every 30 s has not stalled after 29;
- with fewer than ``MIN_GAPS`` intervals nothing is known about a camera: a pause is normal up to
  ``UNKNOWN_PAUSE_NS``;
- a source is lost, and has to be reopened, when the pause is twice the normal one and at least
  ``LOST_AFTER_NS``. Each loss doubles that limit, up to ``MAX_LOST_AFTER_NS``, until frames still
  arrive ``STEADY_NS`` after an opening: this way, a camera that starts with a burst and is slow
  afterwards is eventually recognized as slow;
- the interval across a reopening is not the camera's own and is not recorded.
"""

from __future__ import annotations

from collections import deque

from streamlab.core.time.timebase import NS_PER_S

PAUSES = 3
MIN_GAPS, MAX_GAPS = 3, 8
UNKNOWN_PAUSE_NS = 45 * NS_PER_S
LOST_AFTER_NS, MAX_LOST_AFTER_NS = 5 * NS_PER_S, 240 * NS_PER_S
STEADY_NS = 3 * NS_PER_S  # longer than any burst of frames cached by a server


class StallDetector:
    """Tracks the frame intervals of one live source and judges its pauses."""

    def __init__(self, stall_after_ns: int) -> None:
        self._stall_after_ns = stall_after_ns
        self._gaps_ns: deque[int] = deque(maxlen=MAX_GAPS)
        self._claimed_ns = 0
        self._opened_ns = 0
        self._last_ns: int | None = None
        self._losses = 0

    def receive_opening(self, now_ns: int, claimed_ns: int = 0) -> None:
        """Record that the source was opened; ``claimed_ns``: the frame interval that it claims."""
        self._claimed_ns = claimed_ns
        self._opened_ns = now_ns
        self._last_ns = None

    def receive_frame(self, now_ns: int) -> None:
        """Record a frame."""
        if self._last_ns is not None:
            self._gaps_ns.append(now_ns - self._last_ns)
        self._last_ns = now_ns
        if now_ns - self._opened_ns > STEADY_NS:
            self._losses = 0

    def receive_loss(self) -> None:
        """Record that the source is being reopened because no frame arrived."""
        self._losses += 1

    @property
    def normal_pause_ns(self) -> int:
        """The longest normal pause."""
        claimed_ns = PAUSES * self._claimed_ns
        if len(self._gaps_ns) < MIN_GAPS:
            return max(self._stall_after_ns, UNKNOWN_PAUSE_NS, claimed_ns)
        return max(self._stall_after_ns, PAUSES * max(self._gaps_ns), claimed_ns)

    @property
    def lost_after_ns(self) -> int:
        """The pause after which the source has to be reopened."""
        patience_ns = max(2 * self.normal_pause_ns, LOST_AFTER_NS) << min(self._losses, 8)
        return max(2 * self.normal_pause_ns, min(patience_ns, MAX_LOST_AFTER_NS))
