"""Source faults: frames lost, held up and misdated."""

from __future__ import annotations

import math
import threading
from collections import Counter
from random import Random

from streamlab.clock import monotonic_ns
from streamlab.faults.definition import Faults
from streamlab.faults.recurrence import Recurrence

BURST_SHARE = 0.25
"""Share of the losses that begin a burst; the others are single frames."""


class SourceFaults:
    """Applies source faults to frames. Used by the reader's thread, except ``end``."""

    def __init__(self, faults: Faults, counts: Counter[str]) -> None:
        self._faults = faults
        self._counts = counts
        self._losses = Losses(faults)
        self._stalls = Recurrence(faults.source_stall_every_s, monotonic_ns())
        self._ended = threading.Event()
        self._last_ticks: int | None = None
        self._gained_ticks = 0.0

    def end(self) -> None:
        """End a stall in progress and prevent further ones. Thread-safe."""
        self._ended.set()

    def hold_up(self) -> None:
        """Block while the source is stalled."""
        stall_ms = self._faults.source_stall_ms
        if stall_ms and self._stalls.receive_time(monotonic_ns()):
            self._counts["injected_source_stalls"] += 1
            self._ended.wait(stall_ms / 1000)

    def lose(self) -> bool:
        """Return True if the next frame is lost."""
        if not self._losses.receive_frame():
            return False
        self._counts["injected_losses"] += 1
        return True

    def gain(self, ticks: int) -> int:
        """Return the ticks that the camera's clock has gained by ``ticks`` since the last call."""
        gained_before = round(self._gained_ticks)
        if self._last_ticks is not None and ticks > self._last_ticks:
            self._gained_ticks += (ticks - self._last_ticks) * self._faults.clock_ppm / 1e6
        self._last_ticks = ticks
        return round(self._gained_ticks) - gained_before


class Losses:
    """Draws which frames are lost: single frames, and bursts of geometric length."""

    def __init__(self, faults: Faults) -> None:
        self._random = Random(faults.seed)
        self._burst_mean = faults.lost_burst
        self._left = 0
        lost, run_mean = faults.lost_fraction, 1 + BURST_SHARE * (faults.lost_burst - 1)
        self._begin = lost and lost / (lost + run_mean * (1 - lost))
        """Probability that a run of losses begins at a frame."""

    def receive_frame(self) -> bool:
        """Return True if the next frame is lost."""
        if self._left:
            self._left -= 1
            return True
        if not self._begin or self._random.random() >= self._begin:
            return False
        if self._burst_mean > 1 and self._random.random() < BURST_SHARE:
            goes_on = 1 - 1 / self._burst_mean
            self._left = int(math.log(1 - self._random.random()) / math.log(goes_on))
        return True
