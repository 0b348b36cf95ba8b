"""Names and numbers of classes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import supervision as sv
from numpy.typing import NDArray

UNNAMED = "object"


def class_names(detections: sv.Detections) -> list[str]:
    """Return one class name per detection: its own, else its class number, else ``object``."""
    names = detections.data.get("class_name")
    if names is not None:
        return [str(name) for name in names]
    if detections.class_id is not None:
        return [str(number) for number in detections.class_id.tolist()]
    return [UNNAMED] * len(detections)


def named_detections(
    xyxy: NDArray[np.float32],
    confidence: NDArray[np.float32],
    class_id: NDArray[np.int64],
    names: Mapping[int, str],
) -> sv.Detections:
    """Return detections with class names; a number without a name is its own name.

    Boxes that are not finite, which supervision refuses, are left out. ``xyxy`` has
    shape ``(n, 4)`` in px, ``confidence`` and ``class_id`` have shape ``(n,)``.
    """
    finite = np.isfinite(xyxy).all(axis=1)
    if not finite.all():
        xyxy, confidence, class_id = xyxy[finite], confidence[finite], class_id[finite]
    if not len(xyxy):
        return sv.Detections.empty()
    return sv.Detections(
        xyxy=xyxy,
        confidence=confidence,
        class_id=class_id,
        data={"class_name": np.array([names.get(n, str(n)) for n in class_id.tolist()])},
    )
