"""Detections as they go over the wire."""

from __future__ import annotations

import numpy as np
import supervision as sv
from numpy.typing import NDArray

from streamlab.core.fragment import WireBox
from streamlab.detect.classes import class_names


def detections_to_wire(detections: sv.Detections) -> list[WireBox]:
    """Return ``[x1, y1, x2, y2, class_name, score, track_id]`` for each box (wire protocol).

    Px have one decimal, scores three; score and track id are None where there is none. Boxes
    that are not finite are left out, because JSON has no number for them.
    """
    if not len(detections):
        return []
    names = class_names(detections)
    boxes = np.round(detections.xyxy.astype(np.float64), 1).tolist()
    scores = _scores(detections.confidence, len(names))
    tracks = _tracks(detections.tracker_id, len(names))
    rows: list[WireBox] = [
        [*box, name, score, track]
        for box, name, score, track in zip(boxes, names, scores, tracks, strict=True)
    ]
    finite = np.isfinite(detections.xyxy).all(axis=1)
    return rows if finite.all() else [row for row, keep in zip(rows, finite, strict=True) if keep]


def _scores(confidence: NDArray[np.floating] | None, count: int) -> list[float | None]:
    if confidence is None:
        return [None] * count
    scores = np.round(confidence.astype(np.float64), 3).tolist()
    return [score if np.isfinite(score) else None for score in scores]


def _tracks(tracker_id: NDArray[np.generic] | None, count: int) -> list[int | None]:
    if tracker_id is None:
        return [None] * count
    return [None if track is None or track < 0 else int(track) for track in tracker_id.tolist()]
