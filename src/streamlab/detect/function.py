"""A detector made from any function of a picture's RGB pixels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import supervision as sv
from numpy.typing import NDArray

from streamlab.detect.answer import checked_detections
from streamlab.detect.detector import DetectorKind
from streamlab.detect.text import printable
from streamlab.media.picture import Picture


class CallableDetector:
    """Runs ``function`` on each picture.

    ``function`` receives uint8 ``(height, width, 3)`` RGB at full size, a copy that it may
    modify, and returns ``supervision.Detections`` in px of it. ``detect`` raises ModelError if
    it returns anything else (``detect.answer`` has the rules). ``counts`` counts dropped boxes.
    """

    kind: DetectorKind = "callable"

    def __init__(
        self, function: Callable[[NDArray[np.uint8]], sv.Detections], name: str | None = None
    ) -> None:
        self.name = printable(name or str(getattr(function, "__name__", type(function).__name__)))
        self.counts: Counter[str] = Counter()
        self._function = function

    def detect(self, pictures: Sequence[Picture]) -> list[sv.Detections]:
        """Return one ``Detections`` per picture, in order. Raises ModelError if one is invalid."""
        return [
            checked_detections(self._function(picture.rgb()), self.name, self.counts)
            for picture in pictures
        ]

    def close(self) -> None:
        """Do nothing: there are no resources to release."""
