"""Per-camera selection of a detector's results: by class, by score, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import supervision as sv

from streamlab.detect.classes import class_names


@dataclass(frozen=True, slots=True)
class DetectionOptions:
    """What one camera uses of a detector that it may share with others."""

    classes: frozenset[str] | None = None
    """Names of the classes to keep; None: all."""
    confidence: float = 0.0
    """Detections with a lower score are dropped, 0..1, after the model's own threshold."""
    max_fps: float | None = None
    """Maximum frames per second to detect on; 0: no limit; None: the detector's limit."""

    def select(self, detections: sv.Detections) -> sv.Detections:
        """Return the detections to keep, in their original order."""
        keep = np.ones(len(detections), bool)
        if self.classes is not None:
            keep &= [name in self.classes for name in class_names(detections)]
        if self.confidence and detections.confidence is not None:
            keep &= detections.confidence >= self.confidence
        if keep.all():
            return detections
        return cast(sv.Detections, detections[keep])


EVERYTHING = DetectionOptions()
