"""Runs one detector for any number of cameras.

Each camera has one latest-frame slot. A frame that arrives while the slot is occupied replaces the
older one, which is refused and counted, so that the freshest frame of each camera waits. The
detector takes several frames as one batch. The camera whose last turn is longest ago goes first,
so that none starves when all capture at the same moment; among equals the freshest frame does.

With ``max_fps`` a camera's media time is divided into equal spans, and the detector takes at most
one frame of each; the others are refused, and cost the detector nothing.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple
from weakref import WeakKeyDictionary

import supervision as sv

from streamlab.camera.frame import CapturedFrame
from streamlab.clock import monotonic_ns, wall_s
from streamlab.core.health import (
    NONE,
    SLOW_NS,
    HealthRecord,
    PartHealth,
)
from streamlab.core.stats import Window
from streamlab.core.time.timebase import NS_PER_S, TIMESCALE
from streamlab.detect.answer import checked_answers, checked_detections
from streamlab.detect.detector import Detector
from streamlab.detect.filter import EVERYTHING, DetectionOptions
from streamlab.detect.scripted import ScriptedDetector, is_none
from streamlab.detect.text import error_text

log = logging.getLogger(__name__)
STATS_WINDOW_S = 60.0
TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class DetectionClient:
    """Receives one camera's answers: detections, or a refusal when detecting has failed.

    Both are called with the frame's pts, from the detector's thread or the thread that offers.
    """

    receive_detections: Callable[[int, sv.Detections], None]
    receive_refusal: Callable[[int], None]
    options: DetectionOptions = EVERYTHING
    """Which detections the camera wants, and how often; other cameras are not affected."""


class _Turn(NamedTuple):
    """When the detector last took a frame of a camera."""

    batch: int
    span: int


class DetectionService(threading.Thread):
    """Runs a detector in its own thread.

    A frame waits for its whole batch. On a CPU a frame costs about the same in a batch of any
    size, so that large batches only make results older; a GPU may want a larger ``max_batch``.
    ``max_fps`` limits the frames a second that the detector takes of each camera, unless the
    camera's options set another limit; 0: no limit. A detector that has not answered for
    ``timeout_s`` hangs, and is reported as failing until it does.
    """

    def __init__(
        self,
        detector: Detector,
        *,
        max_fps: float = 0.0,
        max_batch: int = 4,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        super().__init__(name=f"detect-{detector.name}", daemon=True)
        self.detector = detector
        # A function gets one picture at a time: in a batch, its failure would cost others theirs.
        self.max_batch = 1 if detector.kind == "callable" else max_batch
        self.counts: Counter[str] = Counter()
        self.batch_ms = Window(STATS_WINDOW_S)
        self._record = HealthRecord(round(timeout_s * NS_PER_S), SLOW_NS)
        self._door: dict[DetectionClient, CapturedFrame] = {}
        self._turns: WeakKeyDictionary[DetectionClient, _Turn] = WeakKeyDictionary()
        self._max_fps = max_fps
        self._batches = 0
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._stopping = False
        self._answers_at_once = isinstance(detector, ScriptedDetector)
        self._detecting = threading.Lock()

    @property
    def health(self) -> PartHealth:
        """The current health of the detector. Thread-safe."""
        return NONE if is_none(self.detector) else self._record.at(monotonic_ns())

    def offer(self, client: DetectionClient, captured: CapturedFrame) -> CapturedFrame | None:
        """Put a frame into its camera's slot; a ``ScriptedDetector`` answers before this returns.

        Returns:
            The frame that is refused, if any: the older one that this frame replaces, or this
            frame when it exceeds ``max_fps``.
        """
        with self._lock:
            turn = self._turns.get(client)
            if turn is not None and turn.span == captured.pts // self._span_of(client):
                self.counts["not_due"] += 1
                return captured
            if not self._answers_at_once or self._stopping:
                refused = self._door.pop(client, None)
                self._door[client] = captured
                if refused is not None:
                    self.counts["refused"] += 1
                self._changed.notify()
                return refused
            self._count_turn([(client, captured)])
        with self._detecting:
            self._detect([(client, captured)])
        return None

    def withdraw(self, client: DetectionClient) -> CapturedFrame | None:
        """Remove and return the waiting frame, if any, of a camera that leaves the detector."""
        with self._lock:
            return self._door.pop(client, None)

    def stop(self) -> None:
        """Stop after the current batch and close the detector then. Returns at once."""
        with self._lock:
            self._stopping = True
            self._changed.notify()

    def run(self) -> None:
        """Detect on batches until stopped, then close the detector."""
        while (batch := self._take()) is not None:
            self._detect(batch)
            del batch  # an idle thread would keep the cameras of its last batch
        try:
            self.detector.close()
        except Exception:  # the end of a thread, in a user's code
            log.exception("detector %s cannot be closed", self.detector.name)

    def _take(self) -> list[tuple[DetectionClient, CapturedFrame]] | None:
        with self._lock:
            while not self._door and not self._stopping:
                self._changed.wait()
            if self._stopping:
                return None
            batch = sorted(self._door.items(), key=self._precedence)[: self.max_batch]
            self._count_turn(batch)
            for client, _ in batch:
                del self._door[client]
        return batch

    def _count_turn(self, batch: list[tuple[DetectionClient, CapturedFrame]]) -> None:
        self._batches += 1
        for client, captured in batch:
            self._turns[client] = _Turn(self._batches, captured.pts // self._span_of(client))

    def _span_of(self, client: DetectionClient) -> int:
        """Return the span of a camera's media time in which at most one frame is taken, ticks."""
        wanted = client.options.max_fps
        max_fps = self._max_fps if wanted is None else wanted
        return max(1, round(TIMESCALE / max_fps)) if max_fps else 1

    def _precedence(self, waiting: tuple[DetectionClient, CapturedFrame]) -> tuple[int, int]:
        client, captured = waiting
        turn = self._turns.get(client)
        return turn.batch if turn else 0, -captured.captured_ns

    def _detect(self, batch: list[tuple[DetectionClient, CapturedFrame]]) -> None:
        started_ns = monotonic_ns()
        self._record.receive_start(started_ns)
        try:
            given = self.detector.detect([captured.picture for _, captured in batch])
            answers = checked_answers(given, len(batch), self.detector.name)
        except BaseException as error:  # noqa: BLE001  # a user's model: the picture is sent without boxes
            self._fail(batch, error)
            return
        finally:
            now_ns = monotonic_ns()
            self._record.receive_end(now_ns)
        self.batch_ms.add((now_ns - started_ns) / 1e6, now_ns)
        failed = sum(
            not self._deliver(client, captured, answer)
            for (client, captured), answer in zip(batch, answers, strict=True)
        )
        if not failed:
            self._record.receive_success()

    def _deliver(self, client: DetectionClient, captured: CapturedFrame, answer: object) -> bool:
        """Send a camera its detections; return False, for this frame only, if they are invalid."""
        try:
            found = checked_detections(answer, self.detector.name, self.counts)
            selected = client.options.select(found)
        except Exception as error:  # noqa: BLE001 - a user's object, not always of our classes
            self._fail([(client, captured)], error)
            return False
        self.counts["detected"] += 1
        client.receive_detections(captured.pts, selected)
        return True

    def _fail(
        self, batch: list[tuple[DetectionClient, CapturedFrame]], error: BaseException
    ) -> None:
        if self.health.state != "failing":
            log.error("detector %s failed", self.detector.name, exc_info=error)
        self.counts["failed"] += len(batch)
        self._record.receive_failure(error_text(error), len(batch), monotonic_ns(), wall_s())
        for client, captured in batch:
            client.receive_refusal(captured.pts)
