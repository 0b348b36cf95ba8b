from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import supervision as sv
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from streamlab.detect.letterbox import fit
from streamlab.detect.onnx_output import (
    END2END,
    MAX_CANDIDATES,
    MAX_DETECTIONS,
    RTDETR_BEST,
    RTDETR_NAMED,
    RTDETR_SCORES,
    YOLOV5,
    YOLOV8,
    YOLOX,
    YOLOX_DECODED,
    Candidates,
    Layout,
    read_output,
    suppress,
)

COORDINATES = st.floats(-20, 100, width=32)
IOU = 0.4711  # not a ratio that simple boxes have: on the line rounding decides


SIZE = (64, 64)
LAYOUTS: dict[
    Layout, list[tuple[int, ...]]
] = {  # with the shape of the outputs for one picture, for three classes
    YOLOV8: [(7, 84)],
    YOLOV5: [(252, 8)],
    YOLOX: [(84, 8)],
    YOLOX_DECODED: [(84, 8)],
    END2END: [(300, 6)],
    RTDETR_BEST: [(300, 6)],
    RTDETR_SCORES: [(300, 7)],
    RTDETR_NAMED: [(300,), (300, 4), (300,)],
}
VALUES = st.one_of(
    st.floats(0, 1, width=32),
    st.floats(-100, 100, width=32),
    st.floats(width=32),
    st.sampled_from([np.nan, np.inf, -np.inf, 3e38, -3e38, 0.0, 1e-45]),
)


def read(layout: Layout, *outputs: NDArray[np.float32], confidence: float = 0.25) -> Candidates:
    return read_output(layout, outputs, SIZE, confidence=confidence, iou=0.5, counts=Counter())


def test_boxes_below_the_confidence_are_left_out() -> None:
    output = np.array([[1, 2, 3, 4, 0.9, 7], [0, 0, 1, 1, 0.25, 1], [0, 0, 0, 0, 0, 0]], np.float32)
    xyxy, score, class_id = read(END2END, output)
    assert xyxy.tolist() == [[1, 2, 3, 4]]
    assert score.tolist() == [np.float32(0.9)]
    assert class_id.tolist() == [7]


def test_a_grid_gives_the_best_class_of_each_box_best_first() -> None:
    anchors = [
        (50, 50, 20, 10, 0.3, 0.6),
        (50, 51, 20, 10, 0.1, 0.5),
        (50, 50, 20, 10, 0.8, 0.2),
        (10, 10, 4, 4, 0.2, 0.1),
    ]
    xyxy, score, class_id = read(YOLOV8, np.array(anchors, np.float32).T)
    assert xyxy.tolist() == [[40, 45, 60, 55], [40, 45, 60, 55]]
    assert score.tolist() == [np.float32(0.8), np.float32(0.6)]
    assert class_id.tolist() == [0, 1]


def test_a_score_is_objectness_times_class() -> None:
    rows = np.array([(50, 50, 20, 10, 0.5, 0.8), (20, 20, 8, 8, 0.9, 0.2)], np.float32)
    _, score, _ = read(YOLOV5, rows)
    assert score.tolist() == pytest.approx([0.4])


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_nothing_found_is_empty(layout: Layout) -> None:
    xyxy, score, class_id = read(layout, *(np.zeros(one, np.float32) for one in LAYOUTS[layout]))
    assert (xyxy.shape, score.shape, class_id.shape) == ((0, 4), (0,), (0,))


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
@given(data=st.data())
@settings(max_examples=60)
def test_whatever_a_model_gives_boxes_are_finite_and_inside(
    layout: Layout, data: st.DataObject
) -> None:
    outputs = [
        data.draw(arrays(np.float32, shape, elements=VALUES, fill=VALUES))
        for shape in LAYOUTS[layout]
    ]
    counts: Counter[str] = Counter()
    confidence = data.draw(st.floats(0, 0.5))
    found = read_output(layout, outputs, SIZE, confidence=confidence, iou=0.5, counts=counts)
    xyxy, score, class_id = found
    boxes = fit((1920, 1080), SIZE, placement=layout.placement).restore(xyxy)
    assert len(boxes) == len(score) == len(class_id) <= MAX_DETECTIONS
    assert ((boxes >= 0) & (boxes <= (1920, 1080, 1920, 1080))).all()
    assert ((score >= 0) & (score <= 1)).all()
    assert (class_id >= 0).all()
    assert all(count >= 0 for count in counts.values())


@pytest.mark.parametrize("layout", [YOLOV8, YOLOV5], ids=lambda layout: layout.name)
def test_thousands_of_boxes_are_bounded_and_counted(layout: Layout) -> None:
    random = np.random.default_rng(1)
    rows = np.hstack([random.uniform(0, 5000, (9000, 2)), np.full((9000, 2), 2)])
    scores = random.uniform(0.9, 1, (9000, 2))
    output = np.hstack([rows, scores]).astype(np.float32)
    counts: Counter[str] = Counter()
    given_output = output.T if layout is YOLOV8 else output
    xyxy, score, _ = read_output(
        layout, [given_output], SIZE, confidence=0.25, iou=0.5, counts=counts
    )
    assert len(xyxy) == MAX_DETECTIONS
    assert (np.diff(score) <= 0).all()
    assert counts["boxes_over_limit"] > 9000 - MAX_CANDIDATES


def test_a_box_is_not_lost_to_another_class_across_negative_coordinates() -> None:
    # Moved by class without care, the second box would come to lie on the first.
    xyxy = np.array([[90, 90, 110, 110], [-21, -21, -1, -1]], np.float32)
    kept = suppress(xyxy, np.array([0.9, 0.8], np.float32), np.array([0, 1]), 0.5)
    assert kept.tolist() == [0, 1]


@given(
    arrays(np.float32, st.tuples(st.integers(0, 30), st.just(2)), elements=COORDINATES), st.data()
)
def test_suppression_agrees_with_supervision(
    corner: NDArray[np.float32], data: st.DataObject
) -> None:
    count = len(corner)
    size = data.draw(arrays(np.float32, (count, 2), elements=st.floats(1, 80, width=32)))
    order = data.draw(st.permutations(range(count)))
    score = ((np.array(order, np.float32) + 1) / (count + 1)).astype(np.float32)
    class_id = data.draw(arrays(np.int64, count, elements=st.integers(0, 2)))
    kept = suppress(np.hstack([corner, corner + size]), score, class_id, IOU)
    everything = sv.Detections(
        xyxy=np.hstack([corner, corner + size]),
        confidence=score,
        class_id=class_id,
        tracker_id=np.arange(count),
    )
    expected = everything.with_nms(IOU).tracker_id
    assert expected is not None
    assert set(kept.tolist()) == set(expected.tolist())
    assert (np.diff(score[kept]) <= 0).all()
