"""Evidence for and against each layout that the shape of an output allows.

There are three kinds of evidence: the metadata, the number of rows compared with the number of
cells that the grids of such an input have, and the values for the probe picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from streamlab.detect.onnx_output import (
    END2END,
    RTDETR_BEST,
    RTDETR_SCORES,
    YOLOV5,
    YOLOV8,
    YOLOX,
    YOLOX_DECODED,
    Layout,
    yolox_strides,
)
from streamlab.detect.onnx_probe import (
    Probe,
    are_normalised,
    are_shares,
    are_whole,
    greatest,
    is_answer,
    least,
)

BOX_FIELDS = 4
BEST_FIELDS = 6  # a box, its score, its class id
_ANCHORS_PER_CELL = 3  # in YOLOv5 and related models
_LARGEST_LOGARITHM = 16.0  # of a size in cells: e**16 cells are wider than any picture
_NO_NAMES = "without class names the other fields may be key points or an angle"


@dataclass(slots=True)
class Case:
    """The evidence for and against one layout."""

    layout: Layout
    pro: list[str] = field(default_factory=list)
    contra: list[str] = field(default_factory=list)

    def weigh(self, holds: bool, *, pro: str = "", contra: str = "") -> None:
        """Add ``pro`` if ``holds``, else ``contra``; an empty text adds nothing."""
        if holds and pro:
            self.pro.append(pro)
        if not holds and contra:
            self.contra.append(contra)


def find_cases(probe: Probe) -> Iterator[Case]:
    """Yield a case for each layout that the shape allows.

    If the model does not state its number of classes, there must be fewer fields than boxes.
    """
    rows, columns = probe.output.shape
    known = probe.metadata.class_count is not None
    if probe.holds_classes(rows - BOX_FIELDS) and (known or rows < columns):
        yield _judge_grid(probe)
    if probe.holds_classes(columns - BOX_FIELDS - 1) and (known or columns < rows):
        yield _judge_yolov5(probe)
        yield _judge_yolox(probe)
        yield _judge_yolox_decoded(probe)
    if columns == BEST_FIELDS:
        yield _judge_end2end(probe)
        yield _judge_rtdetr_best(probe)
    if probe.holds_classes(columns - BOX_FIELDS) and (known or columns < rows):
        yield _judge_rtdetr_scores(probe)


def _judge_grid(probe: Probe) -> Case:
    case, metadata = Case(YOLOV8), probe.metadata
    boxes, scores = probe.output[:BOX_FIELDS].T, probe.output[BOX_FIELDS:]
    columns = len(boxes)
    case.weigh(metadata.task is not None, pro="metadata of Ultralytics")
    case.weigh(probe.is_cells(columns), pro=f"{columns} columns are one for each cell")
    case.weigh(not metadata.rtdetr, contra="the metadata say RT-DETR")
    case.weigh(not are_normalised(boxes), contra="coordinates are shares, not px")
    case.weigh(are_shares(scores), contra="scores outside 0..1")
    named = metadata.names is not None or metadata.task is not None
    case.weigh(named or is_answer(boxes, scores), contra=_NO_NAMES)
    return case


def _judge_yolov5(probe: Probe) -> Case:
    case, rows = _with_objectness(probe, YOLOV5), len(probe.output)
    _weigh_sizes_px(case, probe)
    case.weigh(probe.metadata.of_yolov5, pro="names and stride as YOLOv5 writes them")
    three = probe.is_cells(rows, _ANCHORS_PER_CELL)
    case.weigh(three, pro=f"{rows} rows are three for each cell")
    of_yolov6 = probe.is_cells(rows) and _is_sure(probe)
    case.weigh(of_yolov6, pro="one row for each cell, with objectness 1 as of YOLOv6")
    case.weigh(three or of_yolov6, contra=f"{rows} rows are not three for each cell")
    return case


def _judge_yolox(probe: Probe) -> Case:
    case = _of_yolox(probe, YOLOX)
    sizes = probe.output[:, 2:BOX_FIELDS]
    case.weigh(greatest(sizes) <= _LARGEST_LOGARITHM, contra="sizes are px, not logarithms")
    case.weigh(_are_logarithms(probe), pro="sizes are logarithms")
    return case


def _judge_yolox_decoded(probe: Probe) -> Case:
    case = _of_yolox(probe, YOLOX_DECODED)
    _weigh_sizes_px(case, probe)
    in_px = greatest(probe.output[:, 2:BOX_FIELDS]) > _LARGEST_LOGARITHM
    case.weigh(in_px, pro="sizes are px")
    case.weigh(not _are_logarithms(probe), contra="sizes are logarithms, not px")
    return case


def _judge_end2end(probe: Probe) -> Case:
    case, metadata = Case(END2END), probe.metadata
    boxes = probe.output[:, :BOX_FIELDS]
    finite = probe.output[np.isfinite(probe.output).all(axis=1)]
    found = finite[finite[:, 4] > 0]
    ordered = (found[:, 2:4] >= found[:, :2]).all(axis=1)
    case.weigh(metadata.end_to_end is True, pro="the metadata say end to end")
    case.weigh(metadata.task is not None, pro="metadata of Ultralytics")
    whole = len(found) > 0 and bool(ordered.all())
    case.weigh(whole, pro="corners in order and whole class numbers")
    case.weigh(not metadata.rtdetr, contra="the metadata say RT-DETR")
    case.weigh(not are_normalised(boxes), contra="coordinates are shares, not px")
    # A head without distributions may return boxes of low score with swapped corners.
    in_order = metadata.end_to_end is True or not len(found) or float(ordered.mean()) >= 0.5
    case.weigh(in_order, contra="corners in the wrong order")
    _weigh_best(case, probe)
    return case


def _judge_rtdetr_best(probe: Probe) -> Case:
    case = _of_rtdetr(probe, RTDETR_BEST)
    _weigh_best(case, probe)
    return case


def _judge_rtdetr_scores(probe: Probe) -> Case:
    case = _of_rtdetr(probe, RTDETR_SCORES)
    scores = probe.output[:, BOX_FIELDS:]
    numbers = scores.shape[1] == 2 and are_whole(scores[:, 1]) and bool(scores.any())
    case.weigh(not numbers, contra="the last column holds class numbers")
    case.weigh(are_shares(scores), contra="scores outside 0..1")
    case.weigh(not probe.is_cells(len(scores)), contra="one row for each cell, as no RT-DETR has")
    return case


def _with_objectness(probe: Probe, layout: Layout) -> Case:
    case = Case(layout)
    boxes, scores = probe.output[:, :BOX_FIELDS], probe.output[:, BOX_FIELDS:]
    case.weigh(are_shares(scores), contra="scores outside 0..1")
    named = probe.metadata.names is not None
    proven = named or (are_shares(scores) and greatest(scores) > 0 and bool(boxes.any()))
    case.weigh(proven, contra=_NO_NAMES)
    return case


def _of_yolox(probe: Probe, layout: Layout) -> Case:
    case, rows = _with_objectness(probe, layout), len(probe.output)
    fits = bool(yolox_strides(rows, probe.input_size))
    case.weigh(
        fits, pro=f"{rows} rows are one for each cell", contra=f"{rows} rows are not one a cell"
    )
    case.weigh(not _is_sure(probe), contra="objectness is 1 everywhere")
    return case


def _of_rtdetr(probe: Probe, layout: Layout) -> Case:
    case, boxes = Case(layout), probe.output[:, :BOX_FIELDS]
    normalised = are_normalised(boxes)
    case.weigh(probe.metadata.rtdetr, pro="the metadata say RT-DETR")
    case.weigh(
        normalised, pro="coordinates are shares of the input", contra="coordinates are not shares"
    )
    case.weigh(least(boxes[:, 2:]) >= 0, contra="sizes below 0")
    return case


def _weigh_best(case: Case, probe: Probe) -> None:
    """Weigh the evidence for rows of a box, a score and a class id."""
    output, known = probe.output, probe.metadata.class_count
    numbers, rows = output[:, 5], len(output)
    case.weigh(are_whole(numbers), contra="class numbers that are not whole")
    case.weigh(known is None or greatest(numbers) < known, contra="class numbers without a name")
    case.weigh(are_shares(output[:, 4]), contra="scores outside 0..1")
    grid = probe.is_cells(rows) or probe.is_cells(rows, _ANCHORS_PER_CELL)
    case.weigh(not grid, contra=f"{rows} rows are as many as its grids have boxes")


def _weigh_sizes_px(case: Case, probe: Probe) -> None:
    boxes = probe.output[:, :BOX_FIELDS]
    case.weigh(not are_normalised(boxes), contra="coordinates are shares, not px")
    case.weigh(least(boxes[:, 2:]) >= 0, contra="sizes below 0")


def _are_logarithms(probe: Probe) -> bool:
    sizes = probe.output[:, 2:BOX_FIELDS]
    finite = sizes[np.isfinite(sizes)]
    return finite.size > 0 and float(finite.min()) <= 0 and greatest(sizes) <= _LARGEST_LOGARITHM


def _is_sure(probe: Probe) -> bool:
    return bool((probe.output[:, BOX_FIELDS] == 1).all())
