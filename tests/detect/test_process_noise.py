"""Our process noise is the library's own rule: the same filters follow the same boxes."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from kinematic_tracker import NdKkfTracker

from streamlab.detect.process_noise import BoxFilters

Steps = list[tuple[int, list[float]]]
NUMBER = st.floats(-500, 2000)
STEPS = st.lists(
    st.tuples(st.integers(0, 500_000_000), st.tuples(NUMBER, NUMBER, NUMBER, NUMBER).map(list)),
    min_size=1,
    max_size=12,
)


def states(kind: Any, steps: Steps) -> list[list[float]]:
    """Return what one object was taken to be after each step: ns since the last, measured px."""
    filters = kind([2, 1], [2, 2])
    for part in (0, 1):
        filters.set_measurement_std_dev(part, 3.0)
    now_ns, track, seen = 0, filters.get_track(np.array(steps[0][1]), 0), []
    filters.tracks_c[0].append(track)
    for span_ns, measured in steps:
        now_ns += span_ns
        filters.predict_all(now_ns)
        track.kkf.correct(np.array(measured))
        seen.append(track.kkf.kalman_filter.statePost[:, 0].tolist())
    return seen


@given(STEPS)
def test_the_filters_learn_as_the_librarys_do(steps: Steps) -> None:
    ours, theirs = states(BoxFilters, steps), states(NdKkfTracker, steps)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-6)
