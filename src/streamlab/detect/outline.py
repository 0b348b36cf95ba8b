"""Draws outlines of boxes, as slices of all three planes at once.

A cell is 2 x 2 px of Y and one pixel each of U and V, so the same slices of cells serve every
plane, and two opposite edges are one slice. Writes are as short as ``media.short_writes`` requires.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from streamlab.detect.style import Colour
from streamlab.media.picture import FlatPlanes
from streamlab.media.short_writes import MAX_ELEMENTS

Box: TypeAlias = Sequence[int]
"""Left, top, right, bottom, px of Y, even; right and bottom are exclusive."""
Inks = tuple[NDArray[Any], NDArray[Any], NDArray[Any]]
Views = list[NDArray[Any]]
_CELL_PX = (2, 1, 1)  # side of a cell in Y, U and V
_CELL_TYPES: tuple[np.dtype[Any], ...] = (np.dtype("u2"), np.dtype("u1"), np.dtype("u1"))
_EDGE_MAX_ELEMENTS = MAX_ELEMENTS // 4  # in cells: a cell of two edges has four elements in Y


class Outliner:
    """Draws outlines ``line`` px thick into planes of ``width`` x ``height`` px of Y, all even.

    Dashes and gaps are three line widths long each, starting at the left or upper corner.
    """

    def __init__(
        self, planes: FlatPlanes, width: int, height: int, line: int, *, dashed: bool
    ) -> None:
        self._line = line // 2  # from here on all lengths are in cells
        self._dash = 3 * self._line if dashed else 0
        size = height // 2, width // 2
        self._cells = _views(planes, *size)
        self._right = _views(planes, *size, right=self._dash) if dashed else self._cells
        self._down = _views(planes, *size, down=self._dash) if dashed else self._cells

    def draw(self, box: Box, colour: Colour) -> None:
        """Draw the outline of a box, which must lie within the picture."""
        left, top, right, bottom = box[0] // 2, box[1] // 2, box[2] // 2, box[3] // 2
        y_ink, u_ink, v_ink = _inks(colour)
        across, down = self._along(left, right, self._right), self._along(top, bottom, self._down)
        width, height = right - left - 1, bottom - top - 1
        for inset in range(self._line):
            if inset + inset <= height:
                edges = slice(top + inset, bottom - inset, height - inset - inset or 1)
                for (y, u, v), along in across:
                    place = edges, ..., along
                    y[place], u[place], v[place] = y_ink, u_ink, v_ink
            if inset + inset <= width:
                edges = slice(left + inset, right - inset, width - inset - inset or 1)
                for (y, u, v), along in down:
                    place = along, ..., edges
                    y[place], u[place], v[place] = y_ink, u_ink, v_ink

    def _along(self, start: int, stop: int, dashes: Views) -> list[tuple[Views, slice]]:
        """Return the short writes along an edge: views, and the slice of dash starts or cells."""
        dash, length = self._dash, stop - start
        period, whole = 2 * dash or 1, max(start, stop - dash + 1) if dash else stop
        if length <= _EDGE_MAX_ELEMENTS:
            writes = [(dashes, slice(start, whole, period))]
        else:
            step = max(1, _EDGE_MAX_ELEMENTS // period) * period
            starts = range(start, whole, step)
            writes = [(dashes, slice(at, min(at + step, whole), period)) for at in starts]
        if 0 < (rest := length % period) < dash:
            writes.append((self._cells, slice(stop - rest, stop)))
        return writes


def _views(planes: FlatPlanes, rows: int, columns: int, right: int = 1, down: int = 1) -> Views:
    """Return Y, U and V as ``(row, run, row in the cell, column)``, writable.

    The second axis is a run of ``right`` or ``down`` cells that starts at the cell.
    """
    shape = max(0, rows - down + 1), right * down, max(0, columns - right + 1)
    views = []
    for plane, px, kind in zip(planes, _CELL_PX, _CELL_TYPES, strict=True):
        row = px * plane.stride
        strides = row, row if down > 1 else px, plane.stride, px
        views.append(np.ndarray((*shape[:2], px, shape[2]), kind, plane.pixels, 0, strides))
    return views


@cache
def _inks(colour: Colour) -> Inks:
    """Return a cell of a colour, as one element per plane."""
    y, u, v, _ = colour
    return np.array(y * 0x0101, "u2"), np.array(u, "u1"), np.array(v, "u1")
