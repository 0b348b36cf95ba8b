"""One detector at work for any number of cameras.

Each camera has one place at the detector's door. A frame that comes while the place is taken
replaces the older one, which is refused and counted: what waits is the freshest frame of each
camera. The detector takes several as one batch. The cameras whose turn was longest ago go first,
so that none starves when all capture at the same moment; among equals the freshest frame does.

With ``max_fps`` a camera's media time is cut into equal spans, and the detector takes no more than
one frame of each; the others are turned away, and cost the detector nothing.
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

from streamlab.clock import monotonic_ns
from streamlab.core.stats import Window
from streamlab.core.timebase import TIMESCALE
from streamlab.detect.detector import Detector
from streamlab.detect.filter import EVERYTHING, DetectionOptions
from streamlab.pipeline.frame import CapturedFrame

log = logging.getLogger(__name__)
STATS_WINDOW_S = 60.0


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class DetectionClient:
    """Where the answers of one camera go. Both are called from the detector's thread or from
    the thread that offers.
    """

    receive_detections: Callable[[int, sv.Detections], None]
    receive_refusal: Callable[[int], None]
    options: DetectionOptions = EVERYTHING
    """What the camera wants of the answers, and how often; the others are not affected."""


class _Turn(NamedTuple):
    """When the detector last took a frame of a camera."""

    batch: int
    span: int


class DetectionService(threading.Thread):
    """Runs a detector in a thread of its own.

    A frame of a batch waits for all the others. On a CPU a frame costs about the same in any
    batch, so that large ones only make results older; a GPU may want a larger ``max_batch``.
    ``max_fps`` bounds how many frames a second of each camera the detector takes, unless the
    camera says otherwise; 0: no bound.
    """

    def __init__(self, detector: Detector, *, max_fps: float = 0.0, max_batch: int = 4) -> None:
        super().__init__(name=f"detect-{detector.name}", daemon=True)
        self.detector = detector
        self.max_batch = max_batch
        self.counts: Counter[str] = Counter()
        self.batch_ms = Window(STATS_WINDOW_S)
        self.error = ""
        self._door: dict[DetectionClient, CapturedFrame] = {}
        self._turns: WeakKeyDictionary[DetectionClient, _Turn] = WeakKeyDictionary()
        self._max_fps = max_fps
        self._batches = 0
        self._changed = threading.Condition()
        self._stopping = False

    def offer(self, client: DetectionClient, captured: CapturedFrame) -> None:
        """Put a frame at the door; the one that waited there, or one too many, is refused."""
        with self._changed:
            turn = self._turns.get(client)
            if turn is not None and turn.span == captured.pts // self._span_of(client):
                refused: CapturedFrame | None = captured
                self.counts["not_due"] += 1
            else:
                refused = self._door.pop(client, None)
                self._door[client] = captured
                if refused is not None:
                    self.counts["refused"] += 1
                self._changed.notify()
        if refused is not None:
            client.receive_refusal(refused.pts)

    def withdraw(self, client: DetectionClient) -> CapturedFrame | None:
        """Take a camera's frame from the door, if one waits there: the camera goes away."""
        with self._changed:
            return self._door.pop(client, None)

    def stop(self) -> None:
        """End after the batch in hand; the detector is closed then. Returns at once."""
        with self._changed:
            self._stopping = True
            self._changed.notify()

    def run(self) -> None:
        """Work until stopped."""
        while (batch := self._take()) is not None:
            self._detect(batch)
        self.detector.close()

    def _take(self) -> list[tuple[DetectionClient, CapturedFrame]] | None:
        with self._changed:
            while not self._door and not self._stopping:
                self._changed.wait()
            if self._stopping:
                return None
            batch = sorted(self._door.items(), key=self._precedence)[: self.max_batch]
            self._batches += 1
            for client, captured in batch:
                del self._door[client]
                span = captured.pts // self._span_of(client)
                self._turns[client] = _Turn(self._batches, span)
        return batch

    def _span_of(self, client: DetectionClient) -> int:
        """Return the part of a camera's media time of which one frame is taken, ticks."""
        wanted = client.options.max_fps
        max_fps = self._max_fps if wanted is None else wanted
        return max(1, round(TIMESCALE / max_fps)) if max_fps else 1

    def _precedence(self, waiting: tuple[DetectionClient, CapturedFrame]) -> tuple[int, int]:
        client, captured = waiting
        turn = self._turns.get(client)
        return turn.batch if turn else 0, -captured.captured_ns

    def _detect(self, batch: list[tuple[DetectionClient, CapturedFrame]]) -> None:
        started_ns = monotonic_ns()
        try:
            results = self.detector.detect([captured.picture for _, captured in batch])
            answered = [
                (client, captured, client.options.select(result))
                for (client, captured), result in zip(batch, results, strict=True)
            ]
        except Exception as error:  # a user's model: the picture goes on without its boxes
            if not self.error:
                log.exception("detector %s failed", self.detector.name)
            self.error = f"{type(error).__name__}: {error}"
            self.counts["failed"] += len(batch)
            for client, captured in batch:
                client.receive_refusal(captured.pts)
            return
        self.error = ""
        now_ns = monotonic_ns()
        self.batch_ms.add((now_ns - started_ns) / 1e6, now_ns)
        self.counts["detected"] += len(batch)
        for client, captured, result in answered:
            client.receive_detections(captured.pts, result)
