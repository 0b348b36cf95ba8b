"""Which of a detector's results a camera wants: by class, by score, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import supervision as sv

from streamlab.detect.classes import class_names


@dataclass(frozen=True, slots=True)
class DetectionOptions:
    """What one camera takes of a detector that it may share with others."""

    classes: frozenset[str] | None = None
    """Names of the classes that are kept; None: all."""
    confidence: float = 0.0
    """Detections below it are dropped, 0..1. The model has a threshold of its own before that."""
    max_fps: float | None = None
    """Frames a second that the detector is asked about; 0: no bound; None: as the detector's."""

    def select(self, detections: sv.Detections) -> sv.Detections:
        """Return the detections that the camera wants, in their order."""
        keep = np.ones(len(detections), bool)
        if self.classes is not None:
            keep &= [name in self.classes for name in class_names(detections)]
        if self.confidence and detections.confidence is not None:
            keep &= detections.confidence >= self.confidence
        if keep.all():
            return detections
        return cast(sv.Detections, detections[keep])


EVERYTHING = DetectionOptions()
