"""When a camera's pictures count as stopped, and when it is to be opened anew.

Rules:

- a pause is normal up to ``PAUSES`` times the longest of the last ``MAX_GAPS`` spans between
  pictures, or the span that the source claims, and always up to ``stall_after_ns``: a camera that
  gives a picture every 30 s has not stalled after 29;
- of a camera that has given fewer than ``MIN_GAPS`` spans nothing is known: its pause is normal up
  to ``UNKNOWN_PAUSE_NS``;
- it is lost, and to be opened anew, when the pause is twice as long as is normal and at least
  ``LOST_AFTER_NS``. Each loss doubles that, up to ``MAX_LOST_AFTER_NS``, until an opening has
  lasted ``STEADY_NS``: a camera that begins with a burst, and is slow afterwards, is found to be
  slow in the end;
- the span over a new opening is not one of the camera's own, and is not remembered.
"""

from __future__ import annotations

from collections import deque

from streamlab.core.time.timebase import NS_PER_S

PAUSES = 3
MIN_GAPS, MAX_GAPS = 3, 8
UNKNOWN_PAUSE_NS = 45 * NS_PER_S
LOST_AFTER_NS, MAX_LOST_AFTER_NS = 5 * NS_PER_S, 240 * NS_PER_S
STEADY_NS = 3 * NS_PER_S  # longer than any burst of what a server has cached


class StallDetector:
    """Judges the pauses of one live source."""

    def __init__(self, stall_after_ns: int) -> None:
        self._stall_after_ns = stall_after_ns
        self._gaps_ns: deque[int] = deque(maxlen=MAX_GAPS)
        self._claimed_ns = 0
        self._opened_ns = 0
        self._last_ns: int | None = None
        self._losses = 0

    def receive_opening(self, now_ns: int, claimed_ns: int = 0) -> None:
        """Take that the source was opened, and the span between pictures that it claims."""
        self._claimed_ns = claimed_ns
        self._opened_ns = now_ns
        self._last_ns = None

    def receive_frame(self, now_ns: int) -> None:
        """Take a picture."""
        if self._last_ns is not None:
            self._gaps_ns.append(now_ns - self._last_ns)
        self._last_ns = now_ns
        if now_ns - self._opened_ns > STEADY_NS:
            self._losses = 0

    def receive_loss(self) -> None:
        """Take that the source is given up and opened anew, because no picture came."""
        self._losses += 1

    @property
    def normal_pause_ns(self) -> int:
        """The longest pause that is normal."""
        claimed_ns = PAUSES * self._claimed_ns
        if len(self._gaps_ns) < MIN_GAPS:
            return max(self._stall_after_ns, UNKNOWN_PAUSE_NS, claimed_ns)
        return max(self._stall_after_ns, PAUSES * max(self._gaps_ns), claimed_ns)

    @property
    def lost_after_ns(self) -> int:
        """The pause after which the source is opened anew."""
        patience_ns = max(2 * self.normal_pause_ns, LOST_AFTER_NS) << min(self._losses, 8)
        return max(2 * self.normal_pause_ns, min(patience_ns, MAX_LOST_AFTER_NS))
