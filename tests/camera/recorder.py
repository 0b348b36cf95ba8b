"""A camera on the synthetic street whose fragments are kept, and detectors that misbehave."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import supervision as sv

from streamlab.camera import AnnotatedChannel, CameraPipeline, DetectionService
from streamlab.camera.delivery import PipelineEvent
from streamlab.camera.pipeline import PipelineSettings
from streamlab.core.channels import ChannelKey, ChannelType, QualityLevel
from streamlab.core.mp4.fragment import EncodedFrame, Fragment
from streamlab.detect.detector import Detector, DetectorKind
from streamlab.detect.render import Renderer
from streamlab.detect.scripted import truth_detector
from streamlab.media.opening import open_source
from streamlab.media.picture import Picture
from streamlab.media.spec import SourceSpec
from streamlab.street.scene import Street

STREET = Street(320, 180, seed=3)
SPEC = SourceSpec.parse("synthetic://traffic?width=320&height=180&fps=30&seed=3")
TIMEOUT_S = 300.0


class Recorder:
    """Keeps the frames of all fragments; ``wait_for`` waits for a number of them."""

    def __init__(self, channels: Iterable[str] = ChannelType) -> None:
        self.frames: dict[str, list[EncodedFrame]] = {name: [] for name in channels}
        self.sequences: dict[str, list[int]] = {name: [] for name in channels}
        self._changed = threading.Condition()

    def emit(self, items: Sequence[PipelineEvent]) -> None:
        with self._changed:
            for item in items:
                if isinstance(item, Fragment):
                    self.frames[item.key.channel].extend(item.frames)
                    self.sequences[item.key.channel].append(item.sequence)
            self._changed.notify_all()

    def wait_for(self, count: int) -> None:
        """Wait until both channels have this many frames."""
        self.wait_until(lambda: min(map(len, self.frames.values())) >= count)

    def wait_for_annotated(self, wanted: Callable[[EncodedFrame], bool], count: int = 1) -> None:
        """Wait until the annotated channel has this many of such frames."""
        self.wait_until(lambda: sum(map(wanted, self.frames[ChannelType.ANNOTATED])) >= count)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait until this is so of the frames that have come."""
        with self._changed:
            is_so = self._changed.wait_for(condition, TIMEOUT_S)
        numbers = {kind: len(frames) for kind, frames in self.frames.items()}
        assert is_so, f"not after {TIMEOUT_S} s and {numbers} frames"


def is_fresh(frame: EncodedFrame) -> bool:
    """Return whether a frame has boxes of its own result."""
    boxes = frame.boxes
    return boxes is not None and bool(boxes.rows) and boxes.detections_pts == frame.pts


def is_carried(frame: EncodedFrame) -> bool:
    """Return whether a frame has boxes of an earlier result, carried forward."""
    boxes = frame.boxes
    return boxes is not None and bool(boxes.rows) and boxes.detections_pts != frame.pts


class SlowTruth:
    """Knows the street, says it without ids, and takes ``seconds`` for it."""

    name = "slow truth"
    kind: DetectorKind = "scripted"

    def __init__(self, seconds: float) -> None:
        self._truth = truth_detector(STREET)
        self._seconds = seconds
        self._never = threading.Event()

    def detect(self, pictures: Sequence[Picture]) -> list[sv.Detections]:
        self._never.wait(self._seconds)
        results = self._truth.detect(pictures)
        for result in results:
            result.tracker_id = None
        return results

    def close(self) -> None:
        pass


class FailingDetector:
    """Knows the street, but raises when ``fails`` says so of the number of the call."""

    name = "failing"
    kind: DetectorKind = "scripted"

    def __init__(self, fails: Callable[[int], bool]) -> None:
        self._truth = truth_detector(STREET)
        self._fails = fails
        self._calls = 0

    def detect(self, pictures: Sequence[Picture]) -> list[sv.Detections]:
        self._calls += 1
        if self._fails(self._calls):
            raise RuntimeError("out of luck")
        return self._truth.detect(pictures)

    def close(self) -> None:
        pass


@contextmanager
def camera(
    detector: Detector, renderer: Renderer, *, box_deadline_ms: float = 250.0
) -> Iterator[tuple[CameraPipeline, Recorder]]:
    """Run a camera with both channels wanted."""
    recorder = Recorder()
    service = DetectionService(detector)
    source = open_source(SPEC)
    pipeline = CameraPipeline(
        "street",
        SPEC,
        source,
        [AnnotatedChannel(ChannelType.ANNOTATED, service, renderer)],
        PipelineSettings(),
        recorder.emit,
    )
    pipeline.request_box_deadline(ChannelType.ANNOTATED, round(box_deadline_ms * 1e6))
    pipeline.request_encoders(frozenset(ChannelKey(kind, QualityLevel.LOW) for kind in ChannelType))
    service.start()
    pipeline.start()
    try:
        yield pipeline, recorder
    finally:
        pipeline.stop()
        service.stop()
        service.join(TIMEOUT_S)


def truth_at(number: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return the true boxes of a frame, float64 ``(n, 4)``."""
    boxes = [(box.x1, box.y1, box.x2, box.y2) for box in STREET.truth(number)]
    return np.array(boxes).reshape(-1, 4)
