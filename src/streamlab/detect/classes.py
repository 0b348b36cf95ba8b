"""Class names and class ids of detections."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import supervision as sv
from numpy.typing import NDArray

from streamlab.detect.text import printable

UNNAMED = "object"


def numbered_class(number: int) -> str:
    """Return the display name of a class that has no name."""
    return f"class {number}"


def class_names(detections: sv.Detections) -> list[str]:
    """Return one printable class name per detection.

    It is the name given with the detection, else ``class`` and its id, else ``object``.
    """
    given = detections.data.get("class_name")
    listed = given.tolist() if isinstance(given, np.ndarray) else given or [""] * len(detections)
    names = [printable(str(name)) for name in listed]
    if all(names):
        return names
    numbers = detections.class_id
    others = [UNNAMED] * len(names) if numbers is None else map(numbered_class, numbers.tolist())
    return [name or other for name, other in zip(names, others, strict=True)]


def named_detections(
    xyxy: NDArray[np.float32],
    confidence: NDArray[np.float32],
    class_id: NDArray[np.int64],
    names: Mapping[int, str],
) -> sv.Detections:
    """Return detections with class names; a class without one is named by its id.

    Boxes that are not finite are dropped, because supervision rejects them. ``xyxy`` has
    shape ``(n, 4)`` in px, ``confidence`` and ``class_id`` have shape ``(n,)``.
    """
    finite = np.isfinite(xyxy).all(axis=1)
    if not finite.all():
        xyxy, confidence, class_id = xyxy[finite], confidence[finite], class_id[finite]
    if not len(xyxy):
        return sv.Detections.empty()
    named = [names.get(number) or numbered_class(number) for number in class_id.tolist()]
    return sv.Detections(
        xyxy=xyxy,
        confidence=confidence,
        class_id=class_id,
        data={"class_name": np.array([printable(name) for name in named])},
    )
