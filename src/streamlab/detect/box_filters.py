"""Kalman filters of the boxes of any number of objects, as arrays.

A box is its centre x, centre y, width and height, px. These four coordinates are independent: each
has a position, a velocity (0 px/s for the sizes) and a 2x2 covariance of both, in closed form.

Process noise adapts to each object: of a centre it is the running average of the acceleration,
times the velocity; of a size it is the running average of its rate of change.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# For pictures about 640 px wide; half or twice the values changes little.
DETECTION_VARIANCE_PX2 = 3.0**2
FIRST_VELOCITY_VARIANCE = 150.0**2  # px²/s²
UNKNOWN_VARIANCE_PX2 = 1e12
PROCESS_NOISE_SCALE = 0.2
AVERAGE_WEIGHT = 0.8  # of the past in a running average


class BoxFilters:
    """One filter per object; each array has one column per object."""

    def __init__(self) -> None:
        self.state: Array = np.empty((6, 4, 0))
        """Position, velocity, variance, covariance, velocity variance, and the running average of
        the corrections of the velocity (of a size: of the size), per second."""
        self.step_s = 1.0

    def predict(self, step_s: float) -> None:
        """Advance all objects by a positive number of seconds."""
        position, velocity, variance, covariance, velocity_variance, rate = self.state
        noise = np.abs(rate * (PROCESS_NOISE_SCALE * step_s))
        velocity_variance[:2] += noise[:2] * np.abs(velocity[:2])
        position += step_s * velocity
        moved = step_s * velocity_variance
        variance += step_s * (2 * covariance + moved)
        variance[2:] += noise[2:]
        covariance += moved
        self.step_s = step_s

    def correct(self, objects: NDArray[np.intp], boxes: Array) -> Array:
        """Correct objects, by index, each at most once, with measured boxes ``(4, n)``, px.

        Returns the velocities of their centres, px/s: ``(2, n)``.
        """
        state = self.state.take(objects, axis=2)
        gains = state[2:4] / (state[2] + DETECTION_VARIANCE_PX2)
        corrections = gains * (boxes - state[0])
        state[:2] += corrections
        state[4] -= gains[1] * state[3]
        state[2:4] = gains * DETECTION_VARIANCE_PX2
        state[5] *= AVERAGE_WEIGHT
        corrections *= (1 - AVERAGE_WEIGHT) / self.step_s
        state[5, :2] += corrections[1, :2]
        state[5, 2:] += corrections[0, 2:]
        self.state[:, :, objects] = state
        return state[1, :2]

    def add(self, boxes: Array) -> None:
        """Append objects at rest at ``(4, n)``, px, which have yet to be corrected."""
        state = np.zeros((6, *boxes.shape))
        state[0], state[2], state[4, :2] = boxes, UNKNOWN_VARIANCE_PX2, FIRST_VELOCITY_VARIANCE
        self.state = np.concatenate((self.state, state), axis=2)

    def keep(self, kept: NDArray[np.bool_]) -> None:
        """Remove the objects that ``kept``, of shape ``(objects,)``, does not mark."""
        self.state = self.state[:, :, kept]
