"""A detector made of any function of a picture's RGB pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import supervision as sv
from numpy.typing import NDArray

from streamlab.detect.detector import DetectorKind
from streamlab.errors import ModelError
from streamlab.media.picture import Picture


class CallableDetector:
    """Answers with what ``function`` finds in a picture.

    ``function`` takes uint8 ``(height, width, 3)`` RGB of full size, which is its own to write
    on, and returns ``supervision.Detections`` in px of it. ``detect`` raises ModelError when it
    returns anything else.
    """

    kind: DetectorKind = "callable"

    def __init__(
        self, function: Callable[[NDArray[np.uint8]], sv.Detections], name: str | None = None
    ) -> None:
        self.name = name or str(getattr(function, "__name__", type(function).__name__))
        self._function = function

    def detect(self, pictures: Sequence[Picture]) -> list[sv.Detections]:
        """Return one ``Detections`` per picture, in order. Raises ModelError."""
        return [self._check(self._function(picture.rgb())) for picture in pictures]

    def close(self) -> None:
        """Nothing is held."""

    def _check(self, answer: object) -> sv.Detections:
        if isinstance(answer, sv.Detections):
            return answer
        raise ModelError(
            f"detector '{self.name}' returned {type(answer).__name__}, not supervision.Detections",
            hint="Build one with sv.Detections(xyxy=…) or sv.Detections.from_ultralytics(…); "
            "for nothing found return sv.Detections.empty().",
        )
