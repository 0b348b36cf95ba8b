"""Labels of boxes: their text, placement and drawing.

A label is placed above its box, aligned with its left side, or else inside its upper edge, or else
below it. It is not much wider than its box, so that crowds stay visible: the score is dropped
first, then the track id; a box lower than 1.5 labels has none. Labels do not overlap: where there
is no room, a label is shortened, in the end to nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from streamlab.detect.outline import Box
from streamlab.detect.style import Colour
from streamlab.detect.text import text_luma
from streamlab.detect.tile_cache import TileCache
from streamlab.media.picture import FlatPlanes
from streamlab.media.short_writes import Runs, rows_of, run_of

_CELL_PX = 4
_MIN_BOX_LABELS = 1.5  # minimum height of a box with a label, in label heights
_MAX_OVERHANG = 1.25  # maximum width of a label of more than a name, in box widths


class LabelText:
    """The parts of a label, the most important first; dropped from the end where room is short."""

    __slots__ = ("colour", "parts", "widths")

    def __init__(self, parts: tuple[str, ...], height: int, colour: Colour) -> None:
        self.parts = parts
        self.colour = colour
        self.widths: list[int] = []
        """Width of the label up to and including each part, px."""
        width = gap = height // 4
        for part in parts:
            width += text_luma(part, height, colour.ink, colour.y).shape[1] + gap
            self.widths.append(width)


class Label(NamedTuple):
    """A label with its place in the picture, px."""

    left: int
    top: int
    width: int
    parts: tuple[str, ...]
    colour: Colour


class LabelSheet:
    """Allocates room for labels in ``width`` x ``height`` px, first come, first served."""

    def __init__(self, width: int, height: int, label_height: int) -> None:
        self._width = width
        self._height = height
        self._label_height = label_height
        self._taken = [0] * (height // _CELL_PX + 1)  # an integer per row, a bit per cell

    def place(self, box: Box, text: LabelText) -> Label | None:
        """Allocate room for the longest label that fits and return it, or None."""
        box_left, box_top, right, bottom = box
        height, taken = self._label_height, self._taken
        if bottom - box_top < _MIN_BOX_LABELS * height:
            return None
        tops = [box_top - height] if box_top >= height else []
        if bottom - box_top >= 2 * height:
            tops.append(box_top)
        if bottom + height <= self._height:
            tops.append(bottom)
        count, widest = len(text.widths), _MAX_OVERHANG * (right - box_left)
        while count > 1 and text.widths[count - 1] > widest:
            count -= 1
        for parts in range(count, 0, -1):
            width = text.widths[parts - 1]
            width += width % 2
            left = max(0, min(box_left, self._width - width))
            # Shrunk by a pixel on each side, so that labels may touch.
            first, last = (left + 1) // _CELL_PX, (left + width - 2) // _CELL_PX
            columns = (1 << last + 1) - (1 << first)
            for top in tops:
                start, stop = (top + 1) // _CELL_PX, (top + height - 2) // _CELL_PX + 1
                for row in range(start, stop):
                    if taken[row] & columns:
                        break
                else:
                    for row in range(start, stop):
                        taken[row] |= columns
                    width = min(width, self._width)
                    return Label(left, top, width, text.parts[:parts], text.colour)
        return None

    def draw(self, label: Label, planes: FlatPlanes) -> None:
        """Draw a label: text in Y, the class colour behind it in all three planes."""
        left, top, width, parts, colour = label
        height = self._label_height
        y, u, v = _composed(parts, width, height, colour)
        planes[0].write_rows(top, left, height, y)
        planes[1].write_rows(top // 2, left // 2, height // 2, u)
        planes[2].write_rows(top // 2, left // 2, height // 2, v)


def compose_label(
    parts: tuple[str, ...], width: int, height: int, colour: Colour
) -> tuple[Runs, Runs, Runs]:
    """Return a label in Y, U and V, cropped to ``width`` px: a gap, a part, a gap and so on.

    Y has all rows; U and V have one, because their rows are identical.
    """
    ground = np.full((height, height // 4 + 1), colour.y, np.uint8)  # a gap and one more column
    images = [ground[:, 1:]]
    for part in parts:
        images += text_luma(part, height, colour.ink, colour.y), images[0]
    images[-1] = ground
    y = np.concatenate(images, axis=1)[:, :width]
    return rows_of(y), run_of(colour.u, width // 2), run_of(colour.v, width // 2)


_composed = TileCache(compose_label)
