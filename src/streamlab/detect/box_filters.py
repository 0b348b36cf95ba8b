"""Kalman filters for the boxes of any number of objects, and association of boxes with objects.

A box is its centre x, centre y, width and height, px. The four coordinates are independent: each
has a position, a velocity (0 px/s for the sizes) and a 2x2 covariance of the two, in closed form.

Process noise adapts to each object: for a centre it is the running average of the acceleration
times the velocity; for a size it is the running average of its rate of change.

As in ByteTrack, boxes with high scores are assigned first; the others are assigned to the
remaining objects, with a stricter threshold. Similarity is GIoU, so boxes need not overlap; the
assignment maximises its sum.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Array = NDArray[np.float64]

# For pictures about 640 px wide; halving or doubling a standard deviation changes little.
DETECTION_VARIANCE_PX2 = 3.0**2
FIRST_VELOCITY_VARIANCE = 150.0**2  # px²/s²
UNKNOWN_VARIANCE_PX2 = 1e12
PROCESS_NOISE_SCALE = 0.6
AVERAGE_WEIGHT = 0.8  # of the previous value in a running average
HIGH_SCORE = 0.5
# GIoU + 1, in 0 to 2; the minimum decreases as the time step grows.
MIN_SIMILARITY, LESS_SIMILARITY_PER_S = 0.875, 0.175
MIN_SIMILARITY_LOW_SCORE = 1.0
PRIORITY = 1e4  # factor for high scores: one assignment covers both stages

# Maps centre and size to -x1, -y1, x2, y2: the minima of two boxes add up to their overlap.
_EDGES = np.array([[-1, 0, 0.5, 0], [0, -1, 0, 0.5], [1, 0, 0.5, 0], [0, 1, 0, 0.5]])


class BoxFilters:
    """One filter per object; each array has one column per object."""

    def __init__(self) -> None:
        self.state: Array = np.empty((6, 4, 0))
        """Position, velocity, variance, covariance, velocity variance, and the running average of
        the corrections to the velocity (for a size: to the size), per second."""
        self._step_s = 1.0

    def predict(self, step_s: float) -> None:
        """Advance all objects by ``step_s`` seconds, which must be positive."""
        position, velocity, variance, covariance, velocity_variance, rate = self.state
        noise = np.abs(rate * (PROCESS_NOISE_SCALE * step_s))
        velocity_variance[:2] += noise[:2] * np.abs(velocity[:2])
        position += step_s * velocity
        moved = step_s * velocity_variance
        variance += step_s * (2 * covariance + moved)
        variance[2:] += noise[2:]
        covariance += moved
        self._step_s = step_s

    def associate(self, boxes: Array, scores: NDArray[np.floating] | None) -> NDArray[np.intp]:
        """Match detected boxes to objects.

        Args:
            boxes: centre and size, px, ``(4, n)``.
            scores: ``(n,)`` in 0 to 1; None treats all boxes alike.

        Returns:
            The object index of each box, -1 for none: ``(n,)``.
        """
        objects = np.full(boxes.shape[1], -1, np.intp)
        gain = similarities(boxes, self.state[0])
        least = MIN_SIMILARITY - LESS_SIMILARITY_PER_S * min(self._step_s, 1)
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

    def correct(self, objects: NDArray[np.intp], boxes: Array) -> Array:
        """Correct objects with measured boxes.

        Args:
            objects: object indices ``(n,)``, each at most once.
            boxes: centre and size, px, ``(4, n)``.

        Returns:
            The velocities of the centres, px/s: ``(2, n)``.
        """
        state = self.state.take(objects, axis=2)
        gains = state[2:4] / (state[2] + DETECTION_VARIANCE_PX2)
        corrections = gains * (boxes - state[0])
        state[:2] += corrections
        state[4] -= gains[1] * state[3]
        state[2:4] = gains * DETECTION_VARIANCE_PX2
        state[5] *= AVERAGE_WEIGHT
        corrections *= (1 - AVERAGE_WEIGHT) / self._step_s
        state[5, :2] += corrections[1, :2]
        state[5, 2:] += corrections[0, 2:]
        self.state[:, :, objects] = state
        return state[1, :2]

    def add(self, boxes: Array) -> None:
        """Append objects at rest at ``boxes`` ``(4, n)``, px, which have yet to be corrected."""
        state = np.zeros((6, *boxes.shape))
        state[0], state[2], state[4, :2] = boxes, UNKNOWN_VARIANCE_PX2, FIRST_VELOCITY_VARIANCE
        self.state = np.concatenate((self.state, state), axis=2)

    def keep(self, kept: NDArray[np.bool_]) -> None:
        """Keep only the objects that ``kept``, of shape ``(objects,)``, marks."""
        self.state = self.state[:, :, kept]


def similarities(found: Array, known: Array) -> Array:
    """Return GIoU + 1, in 0 to 2, of each pair of ``(4, n)`` and ``(4, m)`` boxes: ``(n, m)``."""
    inner = np.minimum((_EDGES @ found)[:, :, np.newaxis], (_EDGES @ known)[:, np.newaxis])
    overlap = inner[:2] + inner[2:]
    hull = found[2:, :, np.newaxis] + known[2:, np.newaxis] - overlap
    np.maximum(overlap, 0, out=overlap)
    intersection = overlap[0] * overlap[1]
    union = np.add.outer(found[2] * found[3], known[2] * known[3]) - intersection
    return np.asarray(intersection / union + union / (hull[0] * hull[1]))
