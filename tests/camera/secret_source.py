"""A source with one object whose place is known, and what tells whether a picture shows it."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from itertools import count

import av
import numpy as np
import supervision as sv
from numpy.typing import NDArray

from streamlab.camera import AnnotatedChannel, CameraPipeline, DetectionService
from streamlab.camera.delivery import PipelineEvent
from streamlab.camera.pipeline import PipelineSettings
from streamlab.core.channels import ANNOTATED, ChannelKey, ChannelType, QualityLevel
from streamlab.core.mp4.fragment import EncodedFrame, Fragment, InitSegment
from streamlab.core.time.timebase import frame_number, frame_pts
from streamlab.detect.detector import Detector, DetectorKind
from streamlab.detect.render import Renderer
from streamlab.media.picture import Picture, plane_view
from streamlab.media.source import SourceFrame, SourceInfo
from streamlab.media.spec import SourceSpec

WIDTH, HEIGHT, FPS = 320, 180, Fraction(30)
SIDE, STEP, CELL = 64, 2, 4
TOP = 58
TIMEOUT_S = 120.0
KEYS = frozenset(ChannelKey(channel, QualityLevel.MEDIUM) for channel in ChannelType)
PATTERN = np.kron(np.indices((SIDE // CELL, SIDE // CELL)).sum(axis=0) % 2, np.ones((CELL, CELL)))


def left_at(pts: int) -> int:
    """Return the left edge of the object, px."""
    period = (WIDTH - SIDE) // STEP
    at = frame_number(pts, FPS) % (2 * period)
    return STEP * min(at, 2 * period - at)


def shows_secret(pts: int, luma: NDArray[np.uint8]) -> bool:
    """Return whether a quarter of the object can be made out where it truly is."""
    left, half = left_at(pts), SIDE // 2
    area = luma[TOP : TOP + SIDE, left : left + SIDE].astype(float)
    for top in (0, half):
        for side in (0, half):
            part = area[top : top + half, side : side + half].ravel()
            true = PATTERN[top : top + half, side : side + half].ravel()
            if part.std() > 2 and abs(np.corrcoef(part, true)[0, 1]) > 0.5:
                return True
    return False


class SecretSource:
    """Draws a chequered square that moves to and fro."""

    extradata = None
    reorders = False
    info = SourceInfo(codec="rawvideo", width=WIDTH, height=HEIGHT, fps=FPS, live=False)

    def frames(self) -> Iterator[SourceFrame]:
        for number in count():
            pts = frame_pts(number, FPS)
            image = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
            left = left_at(pts)
            image[TOP : TOP + SIDE, left : left + SIDE] = 40 + 170 * PATTERN
            picture = Picture.from_planes(image, pts)
            yield SourceFrame(picture.frame, pts, keyframe=False)

    def stop(self) -> None:
        pass

    def close(self) -> None:
        pass


def found(pts: int) -> sv.Detections:
    """Return the detection that a good detector gives."""
    left = left_at(pts)
    corners = np.array([[left, TOP, left + SIDE, TOP + SIDE]], np.float32)
    scores = np.full(1, 0.9, np.float32)
    return sv.Detections(corners, confidence=scores, class_id=np.zeros(1, int))


class ActingDetector:
    """Answers with what ``act`` returns for the PTS of a picture."""

    name = "acting"
    kind: DetectorKind = "callable"

    def __init__(self, act: Callable[[int], object]) -> None:
        self._act = act

    def detect(self, pictures: Sequence[Picture]) -> list[sv.Detections]:
        return [self._act(picture.pts) for picture in pictures]  # type: ignore[misc]

    def close(self) -> None:
        pass


class Sent:
    """Keeps what a pipeline emits."""

    def __init__(self) -> None:
        self.inits: dict[str, InitSegment] = {}
        self.fragments: dict[str, list[Fragment]] = {name: [] for name in ChannelType}
        self._changed = threading.Condition()

    def emit(self, items: Sequence[PipelineEvent]) -> None:
        with self._changed:
            for item in items:
                if isinstance(item, InitSegment):
                    self.inits[item.init_id] = item
                elif isinstance(item, Fragment):
                    self.fragments[item.key.channel].append(item)
            self._changed.notify_all()

    def wait_until(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, TIMEOUT_S)

    def wait_for(self, number: int) -> None:
        """Wait for so many more annotated frames."""
        goal = len(self.annotated) + number
        self.wait_until(lambda: len(self.annotated) >= goal)

    @property
    def annotated(self) -> list[EncodedFrame]:
        return [frame for each in self.fragments[ANNOTATED] for frame in each.frames]

    def exposed(self, channel: str = ANNOTATED) -> list[int]:
        """Return the PTS of the decoded pictures that show the object."""
        fragments = self.fragments[channel]
        (init,) = {fragment.init_id for fragment in fragments}
        data = self.inits[init].data + b"".join(fragment.data for fragment in fragments)
        with av.open(io.BytesIO(data), "r") as container:
            pictures = [(frame.pts, frame) for frame in container.decode(video=0)]
        assert len(pictures) == len(fragments)
        return [
            pts
            for pts, frame in pictures
            if pts is not None and shows_secret(pts, plane_view(frame.planes[0]))
        ]


@contextmanager
def secret_camera(detector: Detector, renderer: Renderer) -> Iterator[tuple[CameraPipeline, Sent]]:
    """Run a camera that sees the object."""
    sent, service = Sent(), DetectionService(detector)
    pipeline = CameraPipeline(
        "yard",
        SourceSpec.parse("synthetic://traffic"),
        SecretSource(),
        [AnnotatedChannel(ANNOTATED, service, renderer)],
        PipelineSettings(),
        sent.emit,
    )
    pipeline.request_box_deadline(ANNOTATED, 100_000_000)
    pipeline.request_encoders(KEYS)
    service.start()
    pipeline.start()
    try:
        yield pipeline, sent
    finally:
        pipeline.stop()
        service.stop()
