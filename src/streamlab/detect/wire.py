"""Detections as they go over the wire."""

from __future__ import annotations

from streamlab.core.fragment import WireBox
from streamlab.detect.result import FrameDetections


def detections_to_wire(boxes: FrameDetections) -> list[WireBox]:
    """Return ``[x1, y1, x2, y2, class_name, score, track_id]`` for each box (wire protocol).

    Px have one decimal, scores three; score and track id are None where there is none.
    """
    ends = boxes.result.row_ends
    if boxes.rows is not None:
        ends = [ends[row] for row in boxes.rows.tolist()]
    return [box + end for box, end in zip(boxes.xyxy.round(1).tolist(), ends, strict=True)]
