"""Pixel writes short enough that numpy does not release the GIL.

numpy releases it for every write of more than 500 elements. A thread that has released it must
acquire it again, which takes milliseconds with dozens of cameras. The writes of a label or an
outline take about a microsecond, and one frame has a hundred of them. So a write has at most
``MAX_ELEMENTS`` elements; where that is too few pixels, an element is a run of pixels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Runs = NDArray[Any]
"""Each element is a run of pixels of one row."""
MAX_ELEMENTS = 500  # numpy's NPY_BEGIN_THREADS_THRESHOLDED
MAX_COPY_BYTES = 1 << 19  # 20 microseconds


def rows_of(image: Pixels) -> Runs:
    """Return each row of an image ``(height, width)`` as one run, shape ``(height,)``."""
    height, width = image.shape
    return np.ndarray((height,), f"V{width}", np.ascontiguousarray(image))


def run_of(value: int, length_px: int) -> Runs:
    """Return one run of equal pixels, shape ``(1,)``, read-only."""
    return np.frombuffer(bytes((value,)) * length_px, f"V{length_px}")


def copy_plane(target: Pixels, source: Pixels) -> None:
    """Copy whole memory ``(bytes,)`` of equal length."""
    if target.nbytes <= MAX_COPY_BYTES:
        target.data[:] = source.data
    else:
        target[:] = source
