"""Detector faults: the delay of each result, and a detector wrapper that applies it."""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import supervision as sv

from streamlab.clock import monotonic_ns
from streamlab.core.time.timebase import NS_PER_MS, NS_PER_S
from streamlab.detect.detector import Detector, DetectorKind
from streamlab.errors import ModelError
from streamlab.faults.definition import NO_FAULTS, Faults
from streamlab.faults.recurrence import Burst
from streamlab.media.picture import Picture

BURST_FRAMES = 5  # a keyframe and the frames behind it that it still slows down


@dataclass(frozen=True, slots=True)
class Delay:
    """The delay that faults impose on one result, ns."""

    at_least_ns: int
    """Minimum time from the start; no effect if the detector itself takes longer."""
    longer_ns: int = 0
    """Extra time on top of that."""
    stalled: bool = False

    def due_ns(self, started_ns: int, came_ns: int) -> int:
        """Return when a result is due that the detector returned at ``came_ns``."""
        return max(came_ns, started_ns + self.at_least_ns) + self.longer_ns

    def count(self, counts: Counter[str], late_ns: int) -> None:
        """Count a result that is delayed by ``late_ns``."""
        if late_ns > 0:
            counts["injected_delays"] += 1
        if self.stalled:
            counts["injected_stalls"] += 1


class DelayPlan:
    """Draws the delay of each frame; the same faults and times give the same delays."""

    def __init__(self, faults: Faults, now_ns: int) -> None:
        self.faults = faults
        self._random = Random(faults.seed)
        self._started_ns = now_ns
        self._stalls = Burst(faults.stall_every_s, faults.stall_frames, now_ns)
        self._burst = 0

    def receive_frame(self, now_ns: int, *, keyframe: bool = False) -> Delay:
        """Return the delay of the next frame's result."""
        stalled = bool(self.faults.stall_ms) and self._stalls.receive_frame(now_ns)
        self._burst = BURST_FRAMES if keyframe else max(0, self._burst - 1)
        longer_ms = self.faults.stall_ms * stalled
        longer_ms += self.faults.keyframe_burst_ms * bool(self._burst)
        at_least_ns = round(self._lag_ms(now_ns) * NS_PER_MS)
        return Delay(at_least_ns, round(longer_ms * NS_PER_MS), stalled)

    def _lag_ms(self, now_ns: int) -> float:
        faults = self.faults
        turn = (now_ns - self._started_ns) // round(faults.turn_s * NS_PER_S)
        other = faults.turn_lag_median_ms and turn % 2
        median_ms = faults.turn_lag_median_ms if other else faults.lag_median_ms
        return median_ms * math.exp(faults.lag_sigma * self._random.gauss(0.0, 1.0))


class FaultyDetector:
    """Adds faults to a detector; they can be changed at any time, from any thread.

    It is a single worker, so ``parallel`` has no effect. Pictures do not carry a keyframe flag, so
    ``keyframe_burst_ms`` has none either. A dead detector raises ModelError until other faults
    revive it. ``Camera.inject`` injects faults into one camera only.
    """

    def __init__(self, detector: Detector, faults: Faults = NO_FAULTS) -> None:
        self.counts: Counter[str] = Counter()
        self._detector = detector
        self._changed = threading.Condition()
        self._plan = DelayPlan(faults, monotonic_ns())

    @property
    def name(self) -> str:
        """The name of the detector."""
        return self._detector.name

    @property
    def kind(self) -> DetectorKind:
        """Where its detections come from."""
        return self._detector.kind

    @property
    def faults(self) -> Faults:
        """The faults that are injected now."""
        return self._plan.faults

    def inject(self, faults: Faults) -> None:
        """Replace the faults; a stall in progress ends."""
        with self._changed:
            self._plan = DelayPlan(faults, monotonic_ns())
            self._changed.notify_all()

    def detect(self, pictures: Sequence[Picture]) -> list[sv.Detections]:
        """Return the detector's own results after a delay. Raises ModelError while it is dead."""
        plan = self._plan
        if plan.faults.detector_dead:
            self.counts["injected_refusals"] += len(pictures)
            raise ModelError(f"detector '{self.name}' is dead", hint="A fault was injected.")
        started_ns = monotonic_ns()
        delay = plan.receive_frame(started_ns)
        results = self._detector.detect(pictures)
        came_ns = monotonic_ns()
        late_ns = delay.due_ns(started_ns, came_ns) - came_ns
        delay.count(self.counts, late_ns)
        with self._changed:
            self._changed.wait_for(lambda: self._plan is not plan, late_ns / NS_PER_S)
        return results

    def close(self) -> None:
        """Release the detector's resources."""
        self._detector.close()
