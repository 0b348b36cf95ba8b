from __future__ import annotations

import numpy as np
import pytest
import supervision as sv
from hypothesis import assume, given
from hypothesis import strategies as st

from streamlab.core.time.timebase import TIMESCALE
from streamlab.detect.box_filters import Array, BoxFilters, similarities
from streamlab.detect.result import FrameDetections
from streamlab.detect.tracking import MAX_OBJECTS, BoxTracker

SECONDS = st.floats(1 / TIMESCALE, 1.0)
BOX = st.tuples(
    st.integers(-5000, 5000), st.integers(-5000, 5000), st.integers(1, 900), st.integers(1, 900)
)
CENTRE_BOXES = st.lists(BOX, min_size=1, max_size=8).map(lambda boxes: np.array(boxes, float).T)


def of_boxes(boxes: Array) -> sv.Detections:
    """Return detections of ``(4, n)`` centres and sizes."""
    centres, halves = boxes[:2], boxes[2:] / 2
    return sv.Detections(np.vstack((centres - halves, centres + halves)).T.astype(np.float32))


def ids_of(boxes: FrameDetections) -> list[int]:
    tracker_id = boxes.detections.tracker_id
    assert tracker_id is not None
    return [int(id_) for id_ in tracker_id.tolist()]


@given(st.lists(st.tuples(SECONDS, BOX), min_size=1, max_size=30))
def test_covariances_stay_positive(steps: list[tuple[float, tuple[int, int, int, int]]]) -> None:
    filters = BoxFilters()
    filters.add(np.array([[0.0], [0], [9], [9]]))
    for step_s, box in steps:
        filters.predict(step_s)
        filters.correct(np.array([0]), np.array([box], float).T)
        variance, covariance, velocity_variance = filters.state[2:5]
        assert (variance > 0).all()
        assert (velocity_variance >= 0).all()
        assert (covariance**2 <= variance * velocity_variance * (1 + 1e-6)).all()
        assert np.isfinite(filters.state).all()


@given(st.floats(-300, 300), st.floats(-300, 300), st.floats(1 / 30, 0.5))
def test_a_constant_velocity_is_learnt(vx: float, vy: float, step_s: float) -> None:
    filters = BoxFilters()
    filters.add(np.array([[0.0], [0], [40], [30]]))
    for number in range(round(5 / step_s)):
        time_s = number * step_s
        if number:
            filters.predict(step_s)
        box = np.array([[vx * time_s], [vy * time_s], [40], [30]])
        velocity = filters.correct(np.array([0]), box)
    assert velocity[:, 0].tolist() == pytest.approx([vx, vy], rel=0.02, abs=0.5)
    assert filters.state[0, :, 0].tolist() == pytest.approx(box[:, 0].tolist(), abs=0.5)


@given(CENTRE_BOXES, CENTRE_BOXES)
def test_similarity_is_giou_plus_1(found: Array, known: Array) -> None:
    own = similarities(found, known)
    one, two = of_boxes(found).xyxy[:, np.newaxis], of_boxes(known).xyxy
    hull = (np.maximum(one, two)[..., 2:] - np.minimum(one, two)[..., :2]).prod(axis=2)
    iou = sv.box_iou_batch(of_boxes(found).xyxy, of_boxes(known).xyxy)
    areas = found[2:].prod(axis=0)[:, np.newaxis] + known[2:].prod(axis=0)
    np.testing.assert_allclose(own, iou + areas / (1 + iou) / hull, rtol=1e-4, atol=1e-5)


@given(st.lists(BOX, min_size=1, max_size=8, unique=True), st.randoms(), st.booleans())
def test_the_order_of_boxes_does_not_matter(
    boxes: list[tuple[int, int, int, int]], random: np.random.Generator, scored: bool
) -> None:
    before = np.array(boxes, float).T
    after = before.copy()
    after[:2] += np.linspace(-3, 3, before.shape[1])  # so that no two pairs are alike
    order = list(range(len(boxes)))
    random.shuffle(order)
    scores = np.linspace(0.1, 0.9, len(boxes)) if scored else None
    filters = BoxFilters()
    filters.add(before)
    gain = np.sort(similarities(after, before), axis=None)
    assume(len(gain) == 1 or np.diff(gain[gain > 0.6]).min(initial=1) > 1e-6)
    objects = filters.associate(after, scores)
    shuffled = filters.associate(after[:, order], None if scores is None else scores[order])
    assert shuffled.tolist() == objects[order].tolist()


def test_low_scores_choose_last() -> None:
    filters = BoxFilters()
    filters.add(np.array([[50.0], [50], [20], [20]]))
    boxes = np.array([[50.0, 54], [50, 50], [20, 20], [20, 20]])
    assert filters.associate(boxes, None).tolist() == [0, -1]
    assert filters.associate(boxes, np.array([0.2, 0.9])).tolist() == [-1, 0]
    assert filters.associate(boxes[:, :1], np.array([0.2])).tolist() == [0]


@given(CENTRE_BOXES, st.lists(st.integers(0, 80_000), max_size=5))
def test_predicting_changes_nothing(boxes: Array, ahead: list[int]) -> None:
    asked, other = BoxTracker(), BoxTracker()
    for pts in (9000, 18_000, 27_000):
        moved = of_boxes(boxes + pts / 9000)
        for span in ahead:
            asked.predict(pts + span)
        assert ids_of(asked.receive_detections(pts, moved)) == ids_of(
            other.receive_detections(pts, moved)
        )
    assert asked.predict(30_000).xyxy.tolist() == other.predict(30_000).xyxy.tolist()


@given(st.integers(1, 20), st.integers(100, 3000))
def test_an_id_outlives_misses_as_long_as_it_may(misses: int, max_age_ms: int) -> None:
    tracker, step = BoxTracker(max_age_ms=max_age_ms), max_age_ms * 90 // (misses + 1)
    car = np.array([[50.0], [50], [20], [20]])
    assert ids_of(tracker.receive_detections(0, of_boxes(car))) == [1]
    for number in range(1, misses + 1):
        tracker.receive_detections(number * step, sv.Detections.empty())
    assert ids_of(tracker.receive_detections(max_age_ms * 90, of_boxes(car))) == [1]
    tracker.receive_detections(max_age_ms * 90 + 1, sv.Detections.empty())
    assert ids_of(tracker.receive_detections(max_age_ms * 180 + 1, of_boxes(car))) == [2]


def test_ids_are_never_given_twice_and_memory_is_bounded() -> None:
    tracker, given_ids = BoxTracker(), list[int]()
    for number in range(20):
        columns = np.arange(100.0) * 1000
        boxes = np.vstack((columns, np.full(100, number * 1000.0), np.full((2, 100), 9.0)))
        given_ids += ids_of(tracker.receive_detections(number * 900, of_boxes(boxes)))
        assert tracker._objects.shape[1] <= MAX_OBJECTS + 100
    assert given_ids == list(range(1, 2001))
