"""The tracker is at least as good as the one that it replaced, kinematic-tracker's filters."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest
from benchmarks.track_quality import Judged, Quality, follow, quality

from streamlab.street.scene import Street

SEEDS = (1, 2, 3, 4)
ROUNDING = 0.0002  # platforms may round differently, and exchange an id

# Results per second, frames, edges off by: what the tracker before reached.
BEFORE = [
    pytest.param(1, 1800, 0.03, Quality(0.2155, 0.2471, 0.3534)),
    pytest.param(1, 1800, 0.1, Quality(0.1804, 0.2216, 0.2739), marks=pytest.mark.long),
    pytest.param(5, 600, 0.03, Quality(0.8217, 0.7348, 0.6831), marks=pytest.mark.long),
    pytest.param(5, 600, 0.1, Quality(0.8050, 0.7292, 0.5350), marks=pytest.mark.long),
    pytest.param(10, 600, 0.03, Quality(0.8361, 0.7392, 0.6907)),
    pytest.param(10, 600, 0.1, Quality(0.8199, 0.7251, 0.5310), marks=pytest.mark.long),
    pytest.param(30, 300, 0.03, Quality(0.8446, 0.8166, 0.7319), marks=pytest.mark.long),
    pytest.param(30, 300, 0.1, Quality(0.8292, 0.7990, 0.5665), marks=pytest.mark.long),
]


@pytest.fixture(scope="module")
def streets() -> dict[int, Street]:
    return {seed: Street(640, 360, seed=seed) for seed in SEEDS}


@pytest.mark.parametrize(("rate", "frames", "edge_error", "before"), BEFORE)
def test_the_tracker_is_as_good_as_the_one_before(
    streets: dict[int, Street], rate: int, frames: int, edge_error: float, before: Quality
) -> None:
    runs = [
        astuple(quality(list(follow(street, frames, 30 // rate, edge_error, seed))))
        for seed, street in streets.items()
    ]
    assert (np.mean(runs, axis=0) >= np.array(astuple(before)) - ROUNDING).all()


def judged(*ids: int) -> Judged:
    """Return a result whose boxes lie exactly on as many objects."""
    count = len(ids)
    return Judged(np.arange(count), np.array(ids), np.eye(count))


def test_perfect_tracks_have_quality_1() -> None:
    assert astuple(quality([judged(0, 1), judged(0, 1)])) == pytest.approx((1, 1, 1))


def test_exchanged_ids_cost_what_the_definitions_say() -> None:
    # Two switches among four boxes; half of them under the right ids; each pair of tracks meets
    # once in three results of either.
    expected = (0.5, 0.5, (1 / 3) ** 0.5)
    assert astuple(quality([judged(0, 1), judged(1, 0)])) == pytest.approx(expected)


def test_misses_and_false_boxes_count() -> None:
    half = Judged(np.arange(2), np.arange(2), np.diag([1.0, 0.0]))
    assert astuple(quality([half])) == pytest.approx((0, 0.5, (1 / 3) ** 0.5))
