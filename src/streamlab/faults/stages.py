"""Stage faults: waits before drawing and encoding, and freezes of all work of a camera."""

from __future__ import annotations

import threading
from collections import Counter

from streamlab.clock import monotonic_ns
from streamlab.core.time.timebase import NS_PER_S
from streamlab.faults.definition import Faults
from streamlab.faults.recurrence import Burst


class StageFaults:
    """Makes a camera's stages wait, each in the thread that runs it, until ``end``."""

    def __init__(self, faults: Faults, counts: Counter[str]) -> None:
        self._faults = faults
        self._counts = counts
        self._ended = threading.Event()
        self._frozen_until_ns = 0
        now_ns = monotonic_ns()
        self._bursts = {
            stage: Burst(faults.stage_stall_every_s, faults.stage_stall_frames, now_ns)
            for stage in ("draw", "encode", "encode raw", "freeze")
        }

    def capture(self) -> None:
        """Wait before a frame is captured. A freeze begins here."""
        if self._faults.freeze_ms and self._bursts["freeze"].receive_frame(monotonic_ns()):
            self._counts["injected_freezes"] += 1
            self._frozen_until_ns = monotonic_ns() + round(self._faults.freeze_ms * 1e6)
        self._wait(0.0, "")

    def draw(self) -> None:
        """Wait for the extra time of drawing and encoding an annotated frame."""
        self._wait(self._faults.draw_stall_ms, "draw")
        self._wait(self._faults.encode_stall_ms, "encode")

    def encode_raw(self) -> None:
        """Wait for the extra time of encoding a raw frame."""
        self._wait(self._faults.encode_stall_ms, "encode raw")

    def end(self) -> None:
        """Release all waiting stages and prevent further waits."""
        self._ended.set()

    def _wait(self, extra_ms: float, stage: str) -> None:
        now_ns = monotonic_ns()
        until_ns = self._frozen_until_ns
        if extra_ms and self._bursts[stage].receive_frame(now_ns):
            self._counts["injected_stage_stalls"] += 1
            until_ns = max(until_ns, now_ns + round(extra_ms * 1e6))
        if until_ns > now_ns:
            self._ended.wait((until_ns - now_ns) / NS_PER_S)
