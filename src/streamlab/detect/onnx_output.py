"""What a YOLO model's output tensor means, and how it becomes boxes.

``boxes`` layout ``(n, 6)``: x1, y1, x2, y2, score, class; the model chose them itself (YOLO10,
YOLO26, or any export with ``nms=True``). ``grid`` layout ``(4 + classes, anchors)``: centre x,
centre y, width, height, one score per class; the boxes overlap and NMS chooses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Layout: TypeAlias = Literal["boxes", "grid"]
Candidates: TypeAlias = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]

BOX_FIELDS = 6
MAX_DETECTIONS = 300


def output_layout(shape: Sequence[int], class_count: int | None) -> Layout | None:
    """Return the layout of an output ``(batch, …, …)``, or None when it is neither.

    ``class_count`` is None when the model does not say how many classes it has. No grid has
    only 6 anchors, so an output that ends in 6 is ``boxes``.
    """
    if len(shape) != 3:
        return None
    _, rows, columns = shape
    if columns == BOX_FIELDS:
        return "boxes"
    if class_count is None:
        return "grid" if 4 < rows < columns else None
    return "grid" if rows == 4 + class_count else None


def read_boxes(output: NDArray[np.floating], confidence: float) -> Candidates:
    """Return xyxy, scores and class numbers of the rows that score above ``confidence``."""
    rows = output[output[:, 4] > confidence].astype(np.float32)
    return rows[:, :4], rows[:, 4], rows[:, 5].astype(np.int64)


def read_grid(output: NDArray[np.floating], confidence: float, iou: float) -> Candidates:
    """Return xyxy, scores and class numbers of what NMS keeps, best first, at most 300."""
    scores = output[4:]
    above = np.flatnonzero(scores.max(axis=0) > confidence)
    candidates = output[:, above].astype(np.float32)
    class_id = candidates[4:].argmax(axis=0)
    score = candidates[4:].max(axis=0)
    xywh = candidates[:4].T
    xywh[:, :2] -= xywh[:, 2:] / 2
    keep = suppress(xywh, score, class_id, iou)[:MAX_DETECTIONS]
    xyxy = xywh[keep]
    xyxy[:, 2:] += xyxy[:, :2]
    return xyxy, score[keep], class_id[keep]


def suppress(
    xywh: NDArray[np.float32],
    score: NDArray[np.float32],
    class_id: NDArray[np.int64],
    iou: float,
) -> NDArray[np.int64]:
    """Return the indices that class-aware NMS keeps, best score first.

    ``xywh`` ``(n, 4)`` is upper left corner and size. A box goes when its IoU with a better one
    of the same class is above ``iou``.
    """
    if not len(xywh):
        return np.empty(0, np.int64)
    # OpenCV tells classes apart by moving them by the largest coordinate: none may be negative.
    xywh = xywh - np.append(xywh[:, :2].min(axis=0), (0, 0))
    # Lists are twice as fast here as arrays, whose rows OpenCV takes one by one.
    keep = cv2.dnn.NMSBoxesBatched(
        xywh.tolist(), score.tolist(), class_id.tolist(), score_threshold=0.0, nms_threshold=iou
    )
    return np.asarray(keep, np.int64)
