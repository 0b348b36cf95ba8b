"""How unsteady the motion of a box is: what kinematic-tracker learns of each object.

The rule is the library's own (``ProcNoiseKind.FINITE_DIFF``): the noise of each coordinate follows
a running average of its acceleration, times its velocity; that of a size its average rate. For the
two coordinates and two sizes of a box plain numbers are several times quicker than the library's
arrays of any shape, which took a third of the time of following boxes.
"""

from __future__ import annotations

import numpy as np
from kinematic_tracker import NdKkfTracker
from kinematic_tracker.nd.precursors import NdKkfPrecursors
from kinematic_tracker.tracker.track import NdKkfTrack
from numpy.typing import NDArray

Array = NDArray[np.float64]
MOST_KEPT = 0.9  # of the average, at each step: the library's default
LEAST_STEP_S = 1e-5


class BoxNoise:
    """Process noise of states ``x, vx, y, vy, width, height``, px and px/s."""

    def __init__(self, state: Array) -> None:
        self._last = _last_of(state)
        self._rates = (0.0, 0.0, 0.0, 0.0)
        self._steps = 0

    def fill_proc_cov(self, pre: NdKkfPrecursors, state: Array, covariance: Array) -> None:
        """Write the covariance ``(6, 6)`` of one time step of ``pre``."""
        last = _last_of(state)
        step_s = pre.last_dt
        if step_s > LEAST_STEP_S:
            kept = min(self._steps / (self._steps + 1.0), MOST_KEPT)
            self._steps += 1
            learnt = (1.0 - kept) / step_s
            before = zip(self._rates, last, self._last, strict=True)
            x, y, width, height = (kept * rate + learnt * (new - old) for rate, new, old in before)
            self._rates = (x, y, width, height)
        x, y, width, height = self._rates
        moving, still = pre.kin_mat_gen[2].q_mat_dt, float(pre.kin_mat_gen[1].q_mat_dt[0, 0])
        covariance[:2, :2] = abs(x * last[0]) * moving
        covariance[2:4, 2:4] = abs(y * last[1]) * moving
        covariance[4, 4] = abs(width) * still
        covariance[5, 5] = abs(height) * still

    def save_values(self, state: Array) -> None:
        """Take the state before it is corrected: what the next one is compared with."""
        self._last = _last_of(state)


class BoxFilters(NdKkfTracker):  # type: ignore[misc]  # the library has no types
    """The library's tracker of boxes, with ``BoxNoise``."""

    def get_track(self, vec_z: Array, ann_id: int) -> NdKkfTrack:
        """Return a new object that was found at ``x, y, width, height``, px."""
        track = super().get_track(vec_z, ann_id)
        track.kkf.proc_noise = BoxNoise(track.kkf.kalman_filter.statePre[:, 0])
        return track


def _last_of(state: Array) -> tuple[float, float, float, float]:
    """Return the highest derivative of each part of the state."""
    _, x, _, y, width, height = state.tolist()
    return x, y, width, height
