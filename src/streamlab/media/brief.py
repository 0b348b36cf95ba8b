"""Pixel writes short enough that numpy does not release the interpreter lock.

numpy releases it for every write of more than 500 elements, and a thread that has released it waits
for its turn, with dozens of cameras for milliseconds. The writes of a label or an outline take
about a microsecond, and one frame has a hundred of them. So a write has at most ``AT_ONCE``
elements; where that is too few pixels, an element is a run of pixels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Runs = NDArray[Any]
"""Each element is a run of pixels of one row."""
AT_ONCE = 500  # numpy's NPY_BEGIN_THREADS_THRESHOLDED
COPIED_AT_ONCE = 1 << 19  # bytes: 20 microseconds


def rows_of(image: Pixels) -> Runs:
    """Return each row of an image ``(height, width)`` as one run, shape ``(height,)``."""
    height, width = image.shape
    return np.ndarray((height,), f"V{width}", np.ascontiguousarray(image))


def run_of(value: int, length_px: int) -> Runs:
    """Return one run of equal pixels, shape ``(1,)``, read-only."""
    return np.frombuffer(bytes((value,)) * length_px, f"V{length_px}")


def copy_plane(target: Pixels, source: Pixels) -> None:
    """Copy whole memory ``(bytes,)`` of equal length."""
    if target.nbytes <= COPIED_AT_ONCE:
        target.data[:] = source.data
    else:
        target[:] = source
