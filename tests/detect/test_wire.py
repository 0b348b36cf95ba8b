from __future__ import annotations

import json

import numpy as np
import supervision as sv
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from streamlab.core.mp4.fragment import WireBox
from streamlab.detect.result import FrameDetections

from .pictures import unchecked


def wire_rows(detections: sv.Detections) -> list[WireBox]:
    return FrameDetections.as_found(detections).wire_rows()


def test_a_row() -> None:
    detections = sv.Detections(
        xyxy=np.array([[1.04, 2.06, 30.25, 40]], np.float32),
        confidence=np.array([0.87654], np.float32),
        class_id=np.array([2]),
        tracker_id=np.array([17]),
        data={"class_name": np.array(["car"])},
    )
    rows = wire_rows(detections)
    assert json.dumps(rows) == '[[1.0, 2.1, 30.2, 40.0, "car", 0.877, 17]]'


def test_what_is_unknown_is_none() -> None:
    box = np.array([[1, 2, 3, 4]], np.float32)
    assert wire_rows(sv.Detections(xyxy=box)) == [[1, 2, 3, 4, "object", None, None]]
    numbered = sv.Detections(xyxy=box, class_id=np.array([5]), tracker_id=np.array([-1]))
    assert wire_rows(numbered) == [[1, 2, 3, 4, "class 5", None, None]]


def test_nothing_found() -> None:
    assert wire_rows(sv.Detections.empty()) == []


@given(arrays(np.float32, st.tuples(st.integers(0, 20), st.just(5))))
def test_rows_are_json_whatever_a_model_gives(values: NDArray[np.float32]) -> None:
    detections = unchecked(values[:, :4])
    detections.confidence = values[:, 4]
    rows = wire_rows(detections)
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows
    assert len(rows) == np.isfinite(values[:, :4]).all(axis=1).sum()
