"""Labels: what they say, where they find room, and how they are drawn.

A label stands above its box, flush with its left side, or else inside its upper edge, or else
below it. It is not much wider than its box, so that a crowd can still be seen: first the score
goes, then the track id; a box lower than its label has none. No label covers another: where
there is no room it is shortened, at last to nothing.
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
_MIN_BOX_LABELS = 1.5  # height of a box that gets a label, in labels
_MAX_OVERHANG = 1.25  # width of a label beyond its name, in box widths


class LabelText:
    """What a label says, shortened from its end where there is no room."""

    __slots__ = ("colour", "parts", "widths")

    def __init__(self, parts: tuple[str, ...], height: int, colour: Colour) -> None:
        self.parts = parts
        self.colour = colour
        self.widths: list[int] = []
        """Width of the label after each part, px."""
        width = gap = height // 4
        for part in parts:
            width += text_luma(part, height, colour.ink, colour.y).shape[1] + gap
            self.widths.append(width)


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

    def place(self, box: Box, text: LabelText) -> Label | None:
        """Return the longest label that has room, or None."""
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
            # Shrunk by a pixel each side, so that labels may touch.
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
    """Return a label in Y, U and V, cut off at ``width`` px: a gap, then a part, and so on.

    Y is all its rows; those of U and V are alike, so that is one.
    """
    ground = np.full((height, height // 4 + 1), colour.y, np.uint8)  # a gap, and a column more
    images = [ground[:, 1:]]
    for part in parts:
        images += text_luma(part, height, colour.ink, colour.y), images[0]
    images[-1] = ground
    y = np.concatenate(images, axis=1)[:, :width]
    return rows_of(y), run_of(colour.u, width // 2), run_of(colour.v, width // 2)


_composed = TileCache(compose_label)
