"""Injects faults into a running camera: replaces its calls, and restores them afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Generic, ParamSpec, Protocol, TypeVar

from streamlab.faults.capture import Capture, FaultyCapture
from streamlab.faults.definition import NO_FAULTS, Faults
from streamlab.faults.delay_line import Frame
from streamlab.faults.detection import Annotator, FaultyDetection
from streamlab.faults.stages import StageFaults

P = ParamSpec("P")
T = TypeVar("T")


class Stage(Protocol):
    """A stage that encodes a channel; ``encode`` is replaced while faults make it slow."""

    encode: Callable[..., None]


class AnnotatingStage(Annotator[Frame], Stage, Protocol[Frame]):
    """A stage that asks the detector and encodes an annotated channel."""


class FaultInjector(Generic[Frame]):
    """Injects the faults of one camera. Stages run their own calls unless a fault affects them."""

    def __init__(
        self,
        capture: Capture[Frame],
        annotators: Sequence[AnnotatingStage[Frame]],
        raw: Stage,
    ) -> None:
        self._capture = FaultyCapture(capture)
        self._detections = [FaultyDetection(annotator) for annotator in annotators]
        self._stages = StageFaults(NO_FAULTS, Counter())
        self._stage_counts: Counter[str] = Counter()
        self._annotated = [(annotator, annotator.encode) for annotator in annotators]
        self._raw = (raw, raw.encode)

    def inject(self, faults: Faults) -> None:
        """Replace the faults from the next frame on; waits in progress end. Thread-safe."""
        self._stages.end()
        stages = self._stages = StageFaults(faults, self._stage_counts)
        self._capture.inject(faults, stages.capture)
        for detection in self._detections:
            detection.inject(faults)
        waits = [*((each, stages.draw) for each in self._annotated), (self._raw, stages.encode_raw)]
        for (stage, encode), wait in waits:
            stage.encode = _after(wait, encode) if faults.stalls_stages else encode

    def counts(self) -> dict[str, int]:
        """Return counters of the injected faults since the camera was added."""
        delayed = sum((each.line.counts for each in self._detections), Counter[str]())
        return {**self._capture.counts, **delayed, **self._stage_counts}


def _after(wait: Callable[[], None], call: Callable[P, T]) -> Callable[P, T]:
    def late(*args: P.args, **kwargs: P.kwargs) -> T:
        wait()
        return call(*args, **kwargs)

    return late
