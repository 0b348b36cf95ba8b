"""The detector ``bright:200``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import supervision as sv

from streamlab.detect.detector import DetectorKind, LoadOptions
from streamlab.errors import ModelError
from streamlab.media.picture import Picture


class BrightDetector:
    """Finds the rectangle around all pixels whose luma exceeds a threshold, 0 to 255."""

    kind: DetectorKind = "plugin"

    def __init__(self, argument: str, options: LoadOptions) -> None:
        if argument and not argument.isdecimal():
            raise ModelError(f"'{argument}' is not a luma", hint="Write bright:200.")
        self._threshold = int(argument or 200)
        self.name = f"bright {self._threshold}"

    def detect(self, pictures: Sequence[Picture]) -> list[sv.Detections]:
        return [self._find(picture) for picture in pictures]

    def close(self) -> None:
        pass

    def _find(self, picture: Picture) -> sv.Detections:
        rows, columns = np.nonzero(picture.planes()[0] > self._threshold)
        if not len(rows):
            return sv.Detections.empty()
        box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        return sv.Detections(
            xyxy=np.array([box], np.float32),
            confidence=np.ones(1, np.float32),
            class_id=np.zeros(1, int),
            data={"class_name": np.array(["bright"])},
        )
