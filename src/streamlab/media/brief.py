"""Writes to pixels that are too short to let other threads run.

numpy lets go of the interpreter for every write of more than 500 pixels, and a thread that has let
go waits for its turn, with dozens of cameras for milliseconds. The writes of a label or an outline
take microseconds, and one frame has a hundred of them; so they are made in pieces.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
AT_ONCE = 500  # numpy's NPY_BEGIN_THREADS_THRESHOLDED
COPIED_AT_ONCE = 1 << 19  # bytes: 20 microseconds


def fill(area: Pixels, value: int) -> None:
    """Set all pixels of an area ``(height, width)``."""
    if area.size <= AT_ONCE:
        area[:] = value
        return
    for rows in _pieces(area):
        area[rows] = value


def put(area: Pixels, pixels: Pixels) -> None:
    """Write pixels of the same shape into an area ``(height, width)``."""
    if area.size <= AT_ONCE:
        area[:] = pixels
        return
    for rows in _pieces(area):
        area[rows] = pixels[rows]


def copy_plane(target: Pixels, source: Pixels) -> None:
    """Copy whole memory ``(bytes,)`` of equal length."""
    if target.nbytes <= COPIED_AT_ONCE:
        target.data[:] = source.data
    else:
        target[:] = source


def _pieces(area: Pixels) -> Iterator[slice]:
    height, width = area.shape
    step = max(1, AT_ONCE // max(1, width))
    return (slice(row, row + step) for row in range(0, height, step))
