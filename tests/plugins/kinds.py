"""Kinds as somebody adds them to streamlab itself: two sources, a detector and a renderer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import count

import av
import numpy as np
import supervision as sv

from streamlab.address import Address
from streamlab.core.time.timebase import frame_pts
from streamlab.detect.detector import DetectorKind, LoadOptions
from streamlab.media.container import ContainerSource
from streamlab.media.ffmpeg_input import FfmpegInput
from streamlab.media.picture import Picture
from streamlab.media.source import SourceFrame, SourceInfo
from streamlab.media.spec import SourceSpec

WIDTH, HEIGHT = 160, 90
INK = 16


def open_tape(spec: SourceSpec, timeout_s: float) -> ContainerSource:
    """``tape://shelf/path``: FFmpeg opens the file ``/path``."""
    url = f"file:{Address.parse(spec.address).rest}"
    return ContainerSource(spec, timeout_s, FfmpegInput(url, None, {"protocol_whitelist": "file"}))


class DuskSource:
    """``dusk://name``: grey pictures, one as dark as the other."""

    extradata = None
    reorders = False

    def __init__(self, spec: SourceSpec, timeout_s: float) -> None:
        self.info = SourceInfo("dusk", WIDTH, HEIGHT, Fraction(20), live=False)
        self._is_stopped = False

    def frames(self) -> Iterator[SourceFrame]:
        planes = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
        for number in count():
            if self._is_stopped:
                return
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            yield SourceFrame(frame, frame_pts(number, self.info.fps), keyframe=False)

    def stop(self) -> None:
        self._is_stopped = True

    def close(self) -> None:
        self._is_stopped = True


class CornerDetector:
    """``corner:SIDE``: finds the upper left corner, a square of that side."""

    kind: DetectorKind = "scripted"

    def __init__(self, argument: str, options: LoadOptions) -> None:
        self.name = f"corner {argument}"
        self._side = float(argument)

    def detect(self, pictures: Sequence[Picture]) -> list[sv.Detections]:
        box = np.array([[0, 0, self._side, self._side]], np.float32)
        return [
            sv.Detections(
                box,
                confidence=np.ones(1, np.float32),
                class_id=np.zeros(1, int),
                data={"class_name": np.array(["corner"])},
            )
            for _ in pictures
        ]

    def close(self) -> None:
        pass


class BlotRenderer:
    """``blot``: fills each box with black."""

    name = "blot"

    def draw(
        self, picture: Picture, detections: sv.Detections, *, top_px: int = 0, stale: bool = False
    ) -> None:
        luma = picture.planes()[0]
        for x1, y1, x2, y2 in detections.xyxy.astype(int).tolist():
            luma[max(y1, top_px) : y2, x1:x2] = INK
