"""Labels: what they say, where they find room, and how they are drawn.

A label stands above its box, flush with its left side, or else inside its upper edge, or else
below it. It is not much wider than its box, so that a crowd can still be seen: first the score
goes, then the track id; a box lower than its label has none. No label covers another: where
there is no room it is shortened, at last to nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite

import numpy as np
import supervision as sv
from numpy.typing import NDArray

from streamlab.detect.classes import class_names
from streamlab.detect.style import Colour
from streamlab.detect.text import text_luma
from streamlab.media.brief import fill, put
from streamlab.media.picture import Planes

Box = tuple[int, int, int, int]
"""Left, top, right, bottom, px of Y, even; right and bottom are exclusive."""
_CELL_PX = 4
_MIN_BOX_LABELS = 1.5  # height of a box that gets a label, in labels
_MAX_OVERHANG = 1.25  # width of a label beyond its name, in box widths


@dataclass(frozen=True, slots=True)
class Label:
    """A label that has found its place."""

    left: int
    top: int
    width: int
    tiles: list[NDArray[np.uint8]]
    colour: Colour


class LabelSheet:
    """The room for labels in one picture of ``width`` x ``height`` px; first come, first served."""

    def __init__(self, width: int, height: int, label_height: int) -> None:
        self._width = width
        self._height = height
        self._label_height = label_height
        self._gap = label_height // 4
        self._taken = [0] * (height // _CELL_PX + 1)  # a row of cells is the bits of an integer

    def place(self, box: Box, parts: list[str], colour: Colour) -> Label | None:
        """Return the longest label that has room, or None."""
        if box[3] - box[1] < _MIN_BOX_LABELS * self._label_height:
            return None
        tiles, widths = self._tiles(box, parts, colour)
        while tiles:
            width = widths.pop()
            left = max(0, min(box[0], self._width - width))
            for top in self._tops(box):
                if self._take(left, top, width):
                    return Label(left, top, min(width, self._width), tiles, colour)
            tiles.pop()
        return None

    def _tiles(
        self, box: Box, parts: list[str], colour: Colour
    ) -> tuple[list[NDArray[np.uint8]], list[int]]:
        """Return the parts that are not too wide for the box, and the label's width after each."""
        tiles: list[NDArray[np.uint8]] = []
        widths: list[int] = []
        width, widest = self._gap, _MAX_OVERHANG * (box[2] - box[0])
        for part in parts:
            tile = text_luma(part, self._label_height, colour.ink, colour.y)
            width += tile.shape[1] + self._gap
            if tiles and width > widest:
                break
            tiles.append(tile)
            widths.append(width + width % 2)
        return tiles, widths

    def draw(self, label: Label, planes: Planes) -> None:
        """Draw a label: text in Y, the class colour behind it in all three planes."""
        y, u, v = planes
        left, right = label.left, label.left + label.width
        top, bottom = label.top, label.top + self._label_height
        fill(y[top:bottom, left:right], label.colour.y)
        fill(u[top // 2 : bottom // 2, left // 2 : right // 2], label.colour.u)
        fill(v[top // 2 : bottom // 2, left // 2 : right // 2], label.colour.v)
        for tile in label.tiles:
            left += self._gap
            target = y[top:bottom, left : left + tile.shape[1]]
            put(target, tile[:, : target.shape[1]])
            left += tile.shape[1]

    def _tops(self, box: Box) -> Iterator[int]:
        _, top, _, bottom = box
        if top >= self._label_height:
            yield top - self._label_height
        if bottom - top >= 2 * self._label_height:
            yield top
        if bottom + self._label_height <= self._height:
            yield bottom

    def _take(self, left: int, top: int, width: int) -> bool:
        # Shrunk by a pixel each side, so that labels may touch.
        rows = range((top + 1) // _CELL_PX, (top + self._label_height - 2) // _CELL_PX + 1)
        first, last = (left + 1) // _CELL_PX, (left + width - 2) // _CELL_PX
        columns = (1 << last + 1) - (1 << first)
        for row in rows:
            if self._taken[row] & columns:
                return False
        for row in rows:
            self._taken[row] |= columns
        return True


def label_parts(detections: sv.Detections) -> list[list[str]]:
    """Return what each label says, the most important part first: name, track id, score."""
    labels = [[name] for name in class_names(detections)]
    if detections.tracker_id is not None:
        for label, track in zip(labels, detections.tracker_id.tolist(), strict=True):
            if track is not None and track >= 0:
                label.append(f"#{track}")
    if detections.confidence is not None:
        for label, score in zip(labels, detections.confidence.tolist(), strict=True):
            if isfinite(score):
                label.append(f"{score:.2f}")
    return labels
