"""Labels: what they say, where they find room, and how they are drawn.

A label stands above its box, flush with its left side, or else inside its upper edge, or else
below it. It is not much wider than its box, so that a crowd can still be seen: first the score
goes, then the track id; a box lower than its label has none. No label covers another: where
there is no room it is shortened, at last to nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from math import isfinite
from typing import NamedTuple

import numpy as np
import supervision as sv
from numpy.typing import NDArray

from streamlab.detect.classes import class_names
from streamlab.detect.outline import Box
from streamlab.detect.style import Colour
from streamlab.detect.text import text_luma
from streamlab.detect.tile_cache import TileCache
from streamlab.media.brief import Runs, rows_of, run_of
from streamlab.media.picture import FlatPlanes

_CELL_PX = 4
_MIN_BOX_LABELS = 1.5  # height of a box that gets a label, in labels
_MAX_OVERHANG = 1.25  # width of a label beyond its name, in box widths


class Label(NamedTuple):
    """A label that has found its place."""

    left: int
    top: int
    width: int
    parts: tuple[str, ...]
    colour: Colour


class LabelSheet:
    """The room for labels in one picture of ``width`` x ``height`` px; first come, first served."""

    def __init__(self, width: int, height: int, label_height: int) -> None:
        self._width = width
        self._height = height
        self._label_height = label_height
        self._taken = [0] * (height // _CELL_PX + 1)  # a row of cells is the bits of an integer

    def place(self, box: Box, parts: tuple[str, ...], colour: Colour) -> Label | None:
        """Return the longest label that has room, or None."""
        if box[3] - box[1] < _MIN_BOX_LABELS * self._label_height:
            return None
        widths = self._widths(parts, colour, _MAX_OVERHANG * (box[2] - box[0]))
        for count in range(len(widths), 0, -1):
            width = widths[count - 1]
            left = max(0, min(box[0], self._width - width))
            for top in self._tops(box):
                if self._take(left, top, width):
                    return Label(left, top, min(width, self._width), parts[:count], colour)
        return None

    def _widths(self, parts: tuple[str, ...], colour: Colour, widest: float) -> list[int]:
        """Return the label's width after each part that is not too wide for the box, even."""
        widths: list[int] = []
        height = self._label_height
        width = gap = height // 4
        for part in parts:
            width += text_luma(part, height, colour.ink, colour.y).shape[1] + gap
            if widths and width > widest:
                break
            widths.append(width + width % 2)
        return widths

    def draw(self, label: Label, planes: FlatPlanes) -> None:
        """Draw a label: text in Y, the class colour behind it in all three planes."""
        left, top, width, parts, colour = label
        y, u, v = _composed(parts, width, self._label_height, colour)
        planes[0].write_rows(top, left, self._label_height, y)
        half = top // 2, left // 2, self._label_height // 2
        planes[1].write_rows(*half, u)
        planes[2].write_rows(*half, v)

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


def compose_label(
    parts: tuple[str, ...], width: int, height: int, colour: Colour
) -> tuple[Runs, Runs, Runs]:
    """Return a label in Y, U and V, cut off at ``width`` px: a gap, then a part, and so on.

    Y is all its rows; those of U and V are alike, so that is one.
    """
    ground = _ground(height, colour.y)
    images = [ground[:, 1:]]
    for part in parts:
        images += text_luma(part, height, colour.ink, colour.y), images[0]
    images[-1] = ground
    y = np.concatenate(images, axis=1)[:, :width]
    return rows_of(y), run_of(colour.u, width // 2), run_of(colour.v, width // 2)


_composed = TileCache(compose_label)


@lru_cache(maxsize=256)
def _ground(height: int, luma: int) -> NDArray[np.uint8]:
    """Return a gap, and one column more for a label whose width would be odd."""
    return np.full((height, height // 4 + 1), luma, np.uint8)


def label_parts(detections: sv.Detections) -> list[tuple[str, ...]]:
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
    return list(map(tuple, labels))
