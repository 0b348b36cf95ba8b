"""The output layouts of detection models, and their decoding into boxes.

Sources of the layouts: ``utils/nms.py`` and ``nn/modules/head.py`` of Ultralytics, ``export.py``
of YOLOv5, ``yolox/utils/demo_utils.py`` of YOLOX, ``tools/export_onnx.py`` of RT-DETR. Boxes are
returned in px of the model's input, finite, at most 300, best first. As long as the shapes are
those of the layout, no output values raise an error here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from streamlab.detect.letterbox import Placement

Format: TypeAlias = Literal["yolov5", "yolov8", "yolox", "yolox-decoded", "end2end", "rtdetr"]
"""The user's name for a layout: ``--model x.onnx#format=yolov5``."""
FORMATS: tuple[Format, ...] = (
    "yolov5", "yolov8", "yolox", "yolox-decoded", "end2end", "rtdetr",
)  # fmt: skip
Floats: TypeAlias = NDArray[np.float32]
Candidates: TypeAlias = tuple[Floats, Floats, NDArray[np.int64]]
"""Boxes ``(n, 4)`` as x1, y1, x2, y2, scores ``(n,)``, class ids ``(n,)``."""
_Scored: TypeAlias = tuple[Floats, Floats, NDArray[np.generic]]

MAX_DETECTIONS = 300
MAX_CANDIDATES = 4096
"""Number of best boxes that NMS compares: its time is quadratic in their number."""
MAX_CLASS_NUMBER = 2**31 - 1
YOLOX_STRIDES = (8, 16, 32)
_FARTHEST_PX = 1e5
_LARGEST_EXPONENT = 12.0  # e**12 cells of 8 px are larger than any picture


@dataclass(frozen=True, slots=True)
class Layout:
    """One layout of outputs, and how the input that goes with it is prepared."""

    name: str
    format: Format
    shape: str
    """The shape of the output, in words."""
    placement: Placement = "centre"
    bgr_255: bool = False
    """True if the input is blue, green, red in 0..255, not red, green, blue in 0..1."""


YOLOV8 = Layout("yolov8", "yolov8", "[batch, 4 + classes, n]")
YOLOV5 = Layout("yolov5", "yolov5", "[batch, n, 5 + classes]")
YOLOX = Layout("yolox", "yolox", "[batch, n, 5 + classes]", "corner", bgr_255=True)
YOLOX_DECODED = Layout(
    "yolox-decoded", "yolox-decoded", "[batch, n, 5 + classes]", "corner", bgr_255=True
)
END2END = Layout("end2end", "end2end", "[batch, n, 6]")
RTDETR_SCORES = Layout("rtdetr-scores", "rtdetr", "[batch, n, 4 + classes]", "stretch")
RTDETR_BEST = Layout("rtdetr-best", "rtdetr", "[batch, n, 6]", "stretch")
RTDETR_NAMED = Layout("rtdetr-named", "rtdetr", "labels, boxes and scores", "stretch")
NAMED_OUTPUTS = ("labels", "boxes", "scores")


def read_output(
    layout: Layout,
    outputs: Sequence[NDArray[np.generic]],
    input_size: tuple[int, int],
    *,
    confidence: float,
    iou: float,
    counts: Counter[str],
) -> Candidates:
    """Decode the boxes of one picture.

    Args:
        layout: layout of the outputs.
        outputs: of the picture, without the batch axis: three in the order of
            ``NAMED_OUTPUTS`` for ``RTDETR_NAMED``, else one.
        input_size: width and height of the input, px.
        confidence: score that a box must exceed.
        iou: overlap above which NMS drops the weaker box of a class.
        counts: gets ``boxes_invalid`` (not finite, no area, no class id) and
            ``boxes_over_limit``.

    Returns:
        Boxes in px of the input, scores and class ids, best score first, at most
        ``MAX_DETECTIONS``.
    """
    with np.errstate(all="ignore"):  # non-finite values are dropped below
        if layout is RTDETR_NAMED:
            labels, boxes, scores = outputs
            found = _best_rows(boxes, scores, labels, confidence)
        else:
            output = cast("NDArray[np.floating]", outputs[0])
            found = _scored(layout, output, input_size, confidence)
        xyxy, score, class_id = _valid(found, counts)
    if layout in (YOLOV8, YOLOV5, YOLOX, YOLOX_DECODED):
        best = _limit(score, MAX_CANDIDATES, counts)
        keep = best[suppress(xyxy[best], score[best], class_id[best], iou)]
    else:
        keep = np.argsort(-score, kind="stable")
    counts["boxes_over_limit"] += max(0, len(keep) - MAX_DETECTIONS)
    keep = keep[:MAX_DETECTIONS]
    return xyxy[keep], score[keep], class_id[keep]


def suppress(
    xyxy: Floats, score: Floats, class_id: NDArray[np.int64], iou: float
) -> NDArray[np.int64]:
    """Return the indices that class-aware NMS keeps, best score first.

    A box of ``xyxy`` ``(n, 4)`` is dropped if its IoU with a better one of the same class is
    above ``iou``.
    """
    if not len(xyxy):
        return np.empty(0, np.int64)
    # OpenCV separates classes by shifting their boxes by multiples of the largest coordinate:
    # no coordinate may be negative, and each class id is replaced by its rank among those
    # present, so that the shifted boxes keep their precision.
    corner = xyxy[:, :2] - xyxy[:, :2].min(axis=0)
    xywh = np.hstack([corner, xyxy[:, 2:] - xyxy[:, :2]])
    _, place = np.unique(class_id, return_inverse=True)
    # Lists are twice as fast here as arrays, whose rows OpenCV reads one by one.
    keep = cv2.dnn.NMSBoxesBatched(
        xywh.tolist(), score.tolist(), place.tolist(), score_threshold=0.0, nms_threshold=iou
    )
    return np.asarray(keep, np.int64).reshape(-1)


@lru_cache(maxsize=32)
def cells(
    input_size: tuple[int, int], strides: tuple[int, ...] = YOLOX_STRIDES
) -> tuple[Floats, Floats]:
    """Return the grid cells of an anchor-free head: column and row ``(n, 2)``, stride ``(n, 1)``.

    Cells are ordered row by row, the finest grid first. Strides are in px.
    """
    places, sizes = [], []
    for stride in strides:
        columns, rows = input_size[0] // stride, input_size[1] // stride
        grid = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1)
        places.append(grid.reshape(-1, 2))
        sizes.append(np.full((columns * rows, 1), stride))
    return np.concatenate(places).astype(np.float32), np.concatenate(sizes).astype(np.float32)


def yolox_strides(count: int, input_size: tuple[int, int]) -> tuple[int, ...]:
    """Return the strides, px, of a YOLOX head with ``count`` cells; empty if no head has that many.

    Those of large heads end at 64.
    """
    for strides in (YOLOX_STRIDES, (*YOLOX_STRIDES, 64)):
        if cells(input_size, strides)[0].shape[0] == count:
            return strides
    return ()


def _scored(
    layout: Layout, output: NDArray[np.floating], input_size: tuple[int, int], confidence: float
) -> _Scored:
    if layout is YOLOV8:
        return _grid(output, confidence)
    if layout in (YOLOV5, YOLOX, YOLOX_DECODED):
        return _with_objectness(layout, output, input_size, confidence)
    if layout is RTDETR_SCORES:
        scores = output[:, 4:]
        best, number = scores.max(axis=1), scores.argmax(axis=1)
        boxes, score, class_id = _best_rows(output[:, :4], best, number, confidence)
    else:
        boxes, score, class_id = _best_rows(output[:, :4], output[:, 4], output[:, 5], confidence)
    if layout is END2END:
        return boxes, score, class_id
    return _corners(boxes * np.array(input_size * 2, np.float32)), score, class_id


def _best_rows(
    boxes: NDArray[np.generic],
    scores: NDArray[np.generic],
    class_id: NDArray[np.generic],
    confidence: float,
) -> _Scored:
    score = scores.astype(np.float32)
    above = np.flatnonzero(score > confidence)
    return boxes[above].astype(np.float32), score[above], class_id[above]


def _grid(output: NDArray[np.floating], confidence: float) -> _Scored:
    above = np.flatnonzero(output[4:].max(axis=0) > confidence)
    found = output[:, above].astype(np.float32)
    return _corners(found[:4].T), found[4:].max(axis=0), found[4:].argmax(axis=0)


def _with_objectness(
    layout: Layout, output: NDArray[np.floating], input_size: tuple[int, int], confidence: float
) -> _Scored:
    # Class scores are at most 1, so a box cannot score above its objectness.
    above = np.flatnonzero(output[:, 4] > confidence)
    found = output[above].astype(np.float32)
    scores = found[:, 5:] * found[:, 4:5]
    score, xywh = scores.max(axis=1), found[:, :4]
    if layout is YOLOX:
        place, stride = cells(input_size, yolox_strides(len(output), input_size) or YOLOX_STRIDES)
        xywh = _of_cells(xywh, place[above], stride[above])
    passed = score > confidence
    return _corners(xywh[passed]), score[passed], scores[passed].argmax(axis=1)


def _of_cells(xywh: Floats, place: Floats, stride: Floats) -> Floats:
    centre = (xywh[:, :2] + place) * stride
    size = np.exp(np.minimum(xywh[:, 2:], np.float32(_LARGEST_EXPONENT))) * stride
    return np.hstack([centre, size])


def _corners(xywh: Floats) -> Floats:
    half = xywh[:, 2:] / 2
    return np.hstack([xywh[:, :2] - half, xywh[:, :2] + half])


def _valid(found: _Scored, counts: Counter[str]) -> Candidates:
    """Return the finite boxes with an area, a score and a class id; count the rest."""
    xyxy, score, number = found
    classes = number.astype(np.float64)
    good = np.isfinite(xyxy).all(axis=1) & np.isfinite(score) & (classes == np.floor(classes))
    good &= (classes >= 0) & (classes <= MAX_CLASS_NUMBER) & (xyxy[:, 2:] > xyxy[:, :2]).all(axis=1)
    counts["boxes_invalid"] += len(good) - int(good.sum())
    boxes = xyxy[good].clip(-_FARTHEST_PX, _FARTHEST_PX)
    return boxes, score[good].clip(0, 1), classes[good].astype(np.int64)


def _limit(score: Floats, most: int, counts: Counter[str]) -> NDArray[np.int64]:
    """Return the indices of the ``most`` best scores, in their original order; count the rest."""
    if len(score) <= most:
        return np.arange(len(score))
    counts["boxes_over_limit"] += len(score) - most
    return np.sort(np.argpartition(-score, most)[:most])
