from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from streamlab.core.cluster.placement import place, ranking

NAMES = st.text("abcdefgh", min_size=1, max_size=4)
CAMERAS = st.sets(NAMES, max_size=30)
CAPACITIES = st.dictionaries(NAMES, st.integers(0, 8), max_size=5)


@given(CAMERAS, CAPACITIES, st.dictionaries(NAMES, NAMES))
def test_no_worker_gets_more_than_it_takes_but_keeps_what_it_has(
    cameras: set[str], capacities: dict[str, int], owners: dict[str, str]
) -> None:
    placement = place(cameras, capacities, owners)
    assert {*placement.workers, *placement.unplaced} == cameras
    assert not {*placement.workers} & {*placement.unplaced}
    for worker, count in Counter(placement.workers.values()).items():
        kept = sum(owners.get(camera) == worker for camera in cameras)
        assert capacities[worker] > 0
        assert count <= max(capacities[worker], kept)


@given(CAMERAS, CAPACITIES)
def test_cameras_are_unplaced_only_if_all_workers_are_full(
    cameras: set[str], capacities: dict[str, int]
) -> None:
    placement = place(cameras, capacities, {})
    assert len(placement.workers) == min(len(cameras), sum(capacities.values()))


@given(CAMERAS, CAPACITIES, NAMES)
def test_cameras_stay_where_they_are_when_another_worker_comes(
    cameras: set[str], capacities: dict[str, int], newcomer: str
) -> None:
    before = place(cameras, capacities, {}).workers
    after = place(cameras, {newcomer: 8, **capacities}, before).workers
    assert {camera: after[camera] for camera in before} == before


@given(CAMERAS, CAPACITIES)
def test_a_worker_that_drains_gets_nothing_and_keeps_nothing(
    cameras: set[str], capacities: dict[str, int]
) -> None:
    before = place(cameras, capacities, {}).workers
    for worker in capacities:
        assert worker not in place(cameras, {**capacities, worker: 0}, before).workers.values()


@given(CAMERAS, st.sets(NAMES, min_size=1, max_size=5), NAMES)
def test_without_one_worker_the_others_keep_their_order(
    cameras: set[str], workers: set[str], gone: str
) -> None:
    capacities = dict.fromkeys(workers, 2.0)
    for camera in cameras:
        rest = {worker: 2.0 for worker in workers if worker != gone}
        expected = [worker for worker in ranking(camera, capacities) if worker != gone]
        assert ranking(camera, rest) == expected


def test_shares_follow_capacities() -> None:
    firsts = Counter(ranking(f"camera-{n}", {"a": 1.0, "b": 3.0})[0] for n in range(4000))
    assert 0.72 < firsts["b"] / 4000 < 0.78
