"""A detector's result in the form that drawing and the wire need, and its boxes in one frame.

From frame to frame only the positions of boxes change. Everything else (names, scores, track ids,
label texts, ends of wire rows) is computed once per result, on first use, as plain Python values.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import cached_property
from math import isfinite, nan
from typing import cast

import numpy as np
import supervision as sv
from numpy.typing import NDArray

from streamlab.core.mp4.fragment import WireBox
from streamlab.detect.classes import class_names
from streamlab.detect.labels import LabelText
from streamlab.detect.style import Colour, class_colour

Array = NDArray[np.float64]


class Result:
    """One result, whose ``detections`` have track ids; for use by one thread at a time."""

    def __init__(self, detections: sv.Detections) -> None:
        self.detections = detections
        self.xyxy: Array = detections.xyxy.astype(np.float64)
        """The boxes as they were detected, ``(n, 4)`` px."""
        self._texts: dict[tuple[int, tuple[Colour, ...]], list[LabelText]] = {}

    @cached_property
    def columns(self) -> list[tuple[str, float, int | None]]:
        """Class name, score (NaN: none) and track id (None: none) of each box."""
        found, count = self.detections, len(self.xyxy)
        scores = [nan] * count if found.confidence is None else found.confidence.tolist()
        ids = [None] * count if found.tracker_id is None else found.tracker_id.tolist()
        tracks = [None if id_ is None or not id_ >= 0 else int(id_) for id_ in ids]
        return list(zip(class_names(found), scores, tracks, strict=True))

    @cached_property
    def row_ends(self) -> list[WireBox]:
        """``[class_name, score, track_id]`` of each box; None where unknown."""
        scores = np.round([score for _, score, _ in self.columns], 3).tolist()
        return [
            [name, score if isfinite(score) else None, track]
            for (name, _, track), score in zip(self.columns, scores, strict=True)
        ]

    def label_texts(self, height: int, colours: tuple[Colour, ...]) -> list[LabelText]:
        """Return the label of each box, ``height`` px high, in the colour of its class."""
        texts = self._texts.get((height, colours))
        if texts is None:
            self._texts[height, colours] = texts = [
                LabelText(_label_parts(*column), height, class_colour(column[0], colours))
                for column in self.columns
            ]
        return texts


def _label_parts(name: str, score: float, track: int | None) -> tuple[str, ...]:
    """Return the parts of a label, the most important first."""
    parts = (name,) if track is None else (name, f"#{track}")
    return (*parts, f"{score:.2f}") if isfinite(score) else parts


@dataclass(slots=True, eq=False)
class FrameDetections:
    """Boxes of a result, all finite, at their positions in one frame."""

    result: Result
    xyxy: Array
    """``(n, 4)`` px; each value can be represented in float32."""
    rows: NDArray[np.intp] | None = None
    """Indices of these boxes in the result; None: all."""

    def __len__(self) -> int:
        return len(self.xyxy)

    @classmethod
    def as_found(cls, detections: sv.Detections) -> FrameDetections:
        """Return detections where they were found, without boxes that are not finite."""
        result = Result(detections)
        finite = np.isfinite(result.xyxy).all(axis=1)
        if finite.all():
            return cls(result, result.xyxy)
        return cls(result, result.xyxy[finite], np.flatnonzero(finite))

    def wire_rows(self) -> list[WireBox]:
        """Return ``[x1, y1, x2, y2, class_name, score, track_id]`` of each box (wire protocol).

        Coordinates are in px with one decimal, scores have three; score and track id are None
        where there is none.
        """
        ends = self.result.row_ends
        if self.rows is not None:
            ends = [ends[row] for row in self.rows.tolist()]
        return [box + end for box, end in zip(self.xyxy.round(1).tolist(), ends, strict=True)]

    @property
    def detections(self) -> sv.Detections:
        """The boxes for ``supervision``; with masks only if no box has been moved or dropped."""
        if self.xyxy is self.result.xyxy:
            return self.result.detections
        placed = copy.copy(self.result.detections)
        placed.mask = None
        if self.rows is not None:
            placed = cast(sv.Detections, placed[self.rows])
        placed.xyxy = self.xyxy.astype(np.float32)
        return placed
