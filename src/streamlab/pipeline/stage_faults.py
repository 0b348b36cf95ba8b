"""Stages of a camera that are slow on purpose. Nothing of this is called while no fault says so."""

from __future__ import annotations

import threading
from collections import Counter

from streamlab.clock import monotonic_ns
from streamlab.core.faults import Faults, Recurrence
from streamlab.core.timebase import NS_PER_S


class StageFaults:
    """Makes a camera's stages wait. The stages' threads call it; ``end`` lets them all go on."""

    def __init__(self, faults: Faults, counts: Counter[str]) -> None:
        self._faults = faults
        self._counts = counts
        self._changed = threading.Condition()
        self._ended = False
        self._frozen_until_ns = 0
        now_ns = monotonic_ns()
        self._bursts = {
            stage: _Burst(faults, now_ns) for stage in ("draw", "encode", "encode raw", "freeze")
        }

    def capture(self) -> None:
        """Wait before a frame is captured; this is where a freeze begins."""
        if self._faults.freeze_ms and self._bursts["freeze"].receive_frame(monotonic_ns()):
            self._counts["injected_freezes"] += 1
            self._frozen_until_ns = monotonic_ns() + round(self._faults.freeze_ms * 1e6)
        self._wait(0.0, "")

    def draw(self) -> None:
        """Wait before a frame is drawn and encoded."""
        self._wait(self._faults.draw_stall_ms, "draw")
        self._wait(self._faults.encode_stall_ms, "encode")

    def encode_raw(self) -> None:
        """Wait before a raw frame is encoded."""
        self._wait(self._faults.encode_stall_ms, "encode raw")

    def end(self) -> None:
        """Make nobody wait any more."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _wait(self, extra_ms: float, stage: str) -> None:
        now_ns = monotonic_ns()
        until_ns = self._frozen_until_ns
        if extra_ms and self._bursts[stage].receive_frame(now_ns):
            self._counts["injected_stage_stalls"] += 1
            until_ns = max(until_ns, now_ns + round(extra_ms * 1e6))
        if until_ns > now_ns:
            with self._changed:
                self._changed.wait_for(lambda: self._ended, (until_ns - now_ns) / NS_PER_S)


class _Burst:
    """Some frames in a row, every so often."""

    def __init__(self, faults: Faults, now_ns: int) -> None:
        self._begins = Recurrence(faults.stage_stall_every_s, now_ns)
        self._frames = round(faults.stage_stall_frames)
        self._left = 0

    def receive_frame(self, now_ns: int) -> bool:
        """Return whether the next frame is one of them."""
        if self._begins.receive_time(now_ns):
            self._left = self._frames
        if not self._left:
            return False
        self._left -= 1
        return True
