"""Association of found boxes with known objects.

As in ByteTrack, boxes with high scores are assigned first, then the others, more strictly, to the
objects that remain. Similarity is GIoU, so boxes need not overlap; its sum is maximised.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

HIGH_SCORE = 0.5
# GIoU + 1, in 0 to 2; the longer the step, the less is asked.
MIN_SIMILARITY = 0.875
LESS_SIMILARITY_PER_S = 0.175
MIN_SIMILARITY_LOW_SCORE = 1.0
PRIORITY = 1e4  # of high scores: both stages are one assignment

Boxes = NDArray[np.float64]
# Centre and size to -x1, -y1, x2, y2: the sums of the smaller ones are the overlaps of two boxes.
_EDGES = np.array([[-1, 0, 0.5, 0], [0, -1, 0, 0.5], [1, 0, 0.5, 0], [0, 1, 0, 0.5]])


def associate(
    found: Boxes, known: Boxes, scores: NDArray[np.floating] | None, step_s: float
) -> NDArray[np.intp]:
    """Return the index of the object of each found box, -1 for none.

    Args:
        found: centre x, centre y, width and height, px, sizes positive: ``(4, n)``.
        known: the same of the objects: ``(4, m)``.
        scores: ``(n,)``, in 0 to 1; without them all boxes are treated alike.
        step_s: time since the result before, s.
    """
    objects = np.full(found.shape[1], -1, np.intp)
    gain = similarities(found, known)
    least = MIN_SIMILARITY - LESS_SIMILARITY_PER_S * min(step_s, 1)
    if scores is None:
        gain *= gain >= least
    else:
        high = (scores >= HIGH_SCORE)[:, np.newaxis]
        gain *= gain >= np.where(high, least, MIN_SIMILARITY_LOW_SCORE)
        gain *= np.where(high, PRIORITY, 1.0)
    rows, columns = linear_sum_assignment(gain, maximize=True)
    matched = gain[rows, columns] > 0
    objects[rows[matched]] = columns[matched]
    return objects


def similarities(found: Boxes, known: Boxes) -> Boxes:
    """Return GIoU + 1 of each pair, in 0 to 2: ``(n, m)``."""
    inner = np.minimum((_EDGES @ found)[:, :, np.newaxis], (_EDGES @ known)[:, np.newaxis])
    overlap = inner[:2] + inner[2:]
    hull = found[2:, :, np.newaxis] + known[2:, np.newaxis] - overlap
    np.maximum(overlap, 0, out=overlap)
    intersection = overlap[0] * overlap[1]
    union = np.add.outer(found[2] * found[3], known[2] * known[3]) - intersection
    return np.asarray(intersection / union + union / (hull[0] * hull[1]))
