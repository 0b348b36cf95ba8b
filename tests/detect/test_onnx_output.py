from __future__ import annotations

import numpy as np
import pytest
import supervision as sv
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from streamlab.detect.onnx_output import Layout, output_layout, read_boxes, read_grid, suppress

COORDINATES = st.floats(-20, 100, width=32)
IOU = 0.4711  # not a ratio that simple boxes have: on the line rounding decides


@pytest.mark.parametrize(
    ("shape", "class_count", "layout"),
    [
        ((1, 300, 6), 80, "boxes"),
        ((4, 300, 6), None, "boxes"),
        ((1, 84, 8400), 80, "grid"),
        ((1, 5, 2100), 1, "grid"),
        ((1, 84, 8400), None, "grid"),
        ((1, 116, 8400), 80, None),
        ((1, 8400, 84), 80, None),
        ((1, 8400, 84), None, None),
        ((1, 1000), 1000, None),
        ((1, 300, 57), 1, None),
    ],
)
def test_layout(shape: tuple[int, ...], class_count: int | None, layout: Layout | None) -> None:
    assert output_layout(shape, class_count) == layout


def test_boxes_below_the_confidence_are_left_out() -> None:
    output = np.array([[1, 2, 3, 4, 0.9, 7], [0, 0, 1, 1, 0.25, 1], [0, 0, 0, 0, 0, 0]], np.float32)
    xyxy, score, class_id = read_boxes(output, 0.25)
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
    xyxy, score, class_id = read_grid(np.array(anchors, np.float32).T, 0.25, 0.5)
    assert xyxy.tolist() == [[40, 45, 60, 55], [40, 45, 60, 55]]
    assert score.tolist() == [np.float32(0.8), np.float32(0.6)]
    assert class_id.tolist() == [0, 1]


def test_a_grid_without_objects_is_empty() -> None:
    xyxy, score, class_id = read_grid(np.zeros((6, 21), np.float32), 0.25, 0.5)
    assert (xyxy.shape, score.shape, class_id.shape) == ((0, 4), (0,), (0,))


def test_a_box_is_not_lost_to_another_class_across_negative_coordinates() -> None:
    # Moved by class without care, the second box would come to lie on the first.
    xywh = np.array([[90, 90, 20, 20], [-21, -21, 20, 20]], np.float32)
    kept = suppress(xywh, np.array([0.9, 0.8], np.float32), np.array([0, 1]), 0.5)
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
    kept = suppress(np.hstack([corner, size]), score, class_id, IOU)
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
