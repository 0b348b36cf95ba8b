"""A source with one object whose place is known, and what tells whether a picture shows it."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from itertools import count, groupby, islice

import av
import numpy as np
import supervision as sv
from numpy.typing import NDArray

from streamlab.camera import AnnotatedChannel, CameraPipeline, DetectionService
from streamlab.camera.delivery import PipelineEvent
from streamlab.camera.pipeline import PipelineSettings
from streamlab.core.channels import ANNOTATED, RAW, ChannelKey, ChannelType, QualityLevel
from streamlab.core.mp4.fragment import EncodedFrame, Fragment, InitSegment
from streamlab.core.time.timebase import frame_number, frame_pts
from streamlab.detect.detector import Detector, DetectorKind
from streamlab.detect.render import Renderer
from streamlab.errors import SourceError
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


def seen_left(luma: NDArray[np.uint8]) -> int:
    """Return the left edge of the object in a picture that shows it, px."""
    rows = luma[TOP : TOP + SIDE].astype(float)
    return int(np.flatnonzero(rows.std(axis=0) > 30)[0])


def shows_secret(left: int, luma: NDArray[np.uint8]) -> bool:
    """Return whether a quarter of the object can be made out where it truly is."""
    half = SIDE // 2
    area = luma[TOP : TOP + SIDE, left : left + SIDE].astype(float)
    for top in (0, half):
        for side in (0, half):
            part = area[top : top + half, side : side + half].ravel()
            true = PATTERN[top : top + half, side : side + half].ravel()
            if part.std() > 2 and abs(np.corrcoef(part, true)[0, 1]) > 0.5:
                return True
    return False


class SecretSource:
    """Draws a chequered square that moves to and fro, at the pace of a camera if it is live."""

    extradata = None
    reorders = False

    def __init__(
        self,
        size_px: tuple[int, int] = (WIDTH, HEIGHT),
        codec: str = "rawvideo",
        frame_count: int | None = None,
        *,
        live: bool = False,
    ) -> None:
        """``frame_count``: after so many frames it is lost."""
        self.info = SourceInfo(codec, *size_px, fps=FPS, live=live)
        self._frame_count = frame_count
        self._stopping = threading.Event()

    def frames(self) -> Iterator[SourceFrame]:
        for number in islice(count(), self._frame_count):
            pts = frame_pts(number, FPS)
            image = np.full((self.info.height * 3 // 2, self.info.width), 128, np.uint8)
            left = left_at(pts)
            image[TOP : TOP + SIDE, left : left + SIDE] = 40 + 170 * PATTERN
            picture = Picture.from_planes(image, pts)
            if self._stopping.wait(float(1 / FPS) if self.info.live else 0):
                return
            yield SourceFrame(picture.frame, pts, keyframe=False)
        raise SourceError("the camera hung up")

    def stop(self) -> None:
        self._stopping.set()

    def close(self) -> None:
        pass


def found(pts: int) -> sv.Detections:
    """Return the detection that a good detector gives."""
    return found_at(left_at(pts))


def found_at(left: int) -> sv.Detections:
    """Return the detection of the object at a place."""
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


class SeeingDetector(ActingDetector):
    """Finds the object by looking, so that it may start anew at any time."""

    def __init__(self) -> None:
        super().__init__(found)

    def detect(self, pictures: Sequence[Picture]) -> list[sv.Detections]:
        return [found_at(seen_left(plane_view(each.frame.planes[0]))) for each in pictures]


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
        """Return the PTS of the decoded pictures that show the object, where raw shows it."""
        left = {pts: seen_left(luma) for pts, luma in self._decoded(RAW).items()}
        shown = self._decoded(channel).items()
        return [pts for pts, luma in shown if shows_secret(left.get(pts, left_at(pts)), luma)]

    def _decoded(self, channel: str) -> dict[int, NDArray[np.uint8]]:
        """Return the luma of each picture by its PTS."""
        found: dict[int, NDArray[np.uint8]] = {}
        for init, fragments in groupby(self.fragments[channel], lambda each: each.init_id):
            data = self.inits[init].data + b"".join(fragment.data for fragment in fragments)
            with av.open(io.BytesIO(data), "r") as container:
                for frame in container.decode(video=0):
                    assert frame.pts is not None
                    found[frame.pts] = plane_view(frame.planes[0]).copy()
        assert len(found) == len(self.fragments[channel])
        return found


@contextmanager
def secret_camera(
    detector: Detector, renderer: Renderer, source: SecretSource | None = None
) -> Iterator[tuple[CameraPipeline, Sent]]:
    """Run a camera that sees the object."""
    sent, service = Sent(), DetectionService(detector)
    pipeline = CameraPipeline(
        "yard",
        SourceSpec.parse("rtsp://yard/"),
        source or SecretSource(),
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
