"""Faults of a source: frames lost, held up and misdated."""

from __future__ import annotations

import math
import threading
from collections import Counter, deque
from random import Random

from streamlab.clock import monotonic_ns
from streamlab.core.faults import NO_FAULTS, Faults, Recurrence

BURST_SHARE = 0.25  # of the losses; as in the traces


class SourceFaults:
    """What its reader does to the frames of a source; nothing until ``inject`` says so.

    ``inject`` may be called from any thread, the rest is the reader's alone.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._requested: deque[Faults] = deque(maxlen=1)
        self._changed = threading.Condition()
        self._losses = Losses(NO_FAULTS)
        self._stalls: Recurrence | None = None
        self._faults = NO_FAULTS
        self._last_ticks: int | None = None
        self._gained_ticks = 0.0

    def inject(self, faults: Faults) -> None:
        """Have these faults from the next frame on, instead of those before; a stall ends."""
        with self._changed:
            self._requested.append(faults)
            self._changed.notify()

    def hold_up(self) -> None:
        """Wait while the source is stalled."""
        now_ns = monotonic_ns()
        if self._requested:
            self._adopt(self._requested.popleft(), now_ns)
        if self._stalls and self._stalls.receive_time(now_ns):
            self.counts["injected_source_stalls"] += 1
            with self._changed:
                stall_s = self._faults.source_stall_ms / 1000
                self._changed.wait_for(lambda: bool(self._requested), stall_s)

    def lose(self) -> bool:
        """Return whether the next frame is lost."""
        if not self._losses.receive_frame():
            return False
        self.counts["injected_losses"] += 1
        return True

    def gain(self, ticks: int) -> int:
        """Return by how much the camera's clock is ahead as it comes to ``ticks``, in ticks."""
        if self._last_ticks is not None and ticks > self._last_ticks:
            self._gained_ticks += (ticks - self._last_ticks) * self._faults.clock_ppm / 1e6
        self._last_ticks = ticks
        return round(self._gained_ticks)

    def _adopt(self, faults: Faults, now_ns: int) -> None:
        self._faults = faults
        self._losses = Losses(faults)
        every_s = faults.source_stall_every_s
        self._stalls = Recurrence(every_s, now_ns) if faults.source_stall_ms else None


class Losses:
    """Draws which frames are lost: single ones, and bursts of geometric length."""

    def __init__(self, faults: Faults) -> None:
        self._random = Random(faults.seed)
        self._burst_mean = faults.lost_burst
        self._left = 0
        lost, run_mean = faults.lost_fraction, 1 + BURST_SHARE * (faults.lost_burst - 1)
        self._begin = lost and lost / (lost + run_mean * (1 - lost))
        """The probability that a run of losses begins at a frame."""

    def receive_frame(self) -> bool:
        """Return whether the next frame is lost."""
        if self._left:
            self._left -= 1
            return True
        if not self._begin or self._random.random() >= self._begin:
            return False
        if self._burst_mean > 1 and self._random.random() < BURST_SHARE:
            goes_on = 1 - 1 / self._burst_mean
            self._left = int(math.log(1 - self._random.random()) / math.log(goes_on))
        return True
