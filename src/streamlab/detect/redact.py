"""Renderers that redact: they make detected objects unrecognisable.

Whether a frame may be shown at all is decided in ``camera.redaction``.
"""

from __future__ import annotations

import copy
from typing import Protocol

import numpy as np
import supervision as sv
from numpy.typing import NDArray

from streamlab.detect.render import RgbRenderer

MARGIN_PX = 4
"""Boxes are enlarged on each side: colour samples span 2 px, and annotators round inwards."""


class _Annotator(Protocol):
    """An annotator of supervision that changes the pixels of each box."""

    def annotate(
        self, scene: NDArray[np.uint8], detections: sv.Detections
    ) -> NDArray[np.uint8]: ...


class _BoxRedactor(RgbRenderer):
    """Applies an annotator to the enlarged box of each detection."""

    def __init__(self, annotator: _Annotator, name: str) -> None:
        super().__init__(self._annotated, redacts=True)
        self.name = name
        self._annotator = annotator

    def _annotated(self, rgb: NDArray[np.uint8], detections: sv.Detections) -> NDArray[np.uint8]:
        # These annotators treat all colours alike, so RGB will do.
        return self._annotator.annotate(rgb, _enlarged(detections))


class Pixelate(_BoxRedactor):
    """Replaces each box by a few large cells, half as wide as the shorter side of the box."""

    def __init__(self) -> None:
        super().__init__(sv.PixelateAnnotator(), "pixelate")


class Blur(_BoxRedactor):
    """Blurs each box over a third of its shorter side."""

    def __init__(self) -> None:
        super().__init__(sv.BlurAnnotator(), "blur")


def _enlarged(detections: sv.Detections) -> sv.Detections:
    larger = copy.copy(detections)
    outwards = np.array((-MARGIN_PX, -MARGIN_PX, MARGIN_PX, MARGIN_PX), np.float32)
    larger.xyxy = np.rint(detections.xyxy + outwards)
    return larger
