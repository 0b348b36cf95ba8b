from __future__ import annotations

from typing import cast

import numpy as np
import pytest
import supervision as sv
from numpy.typing import NDArray

from streamlab.detect.function import CallableDetector
from streamlab.errors import ModelError

from .pictures import spot_picture


def bright_box(rgb: NDArray[np.uint8]) -> sv.Detections:
    """Find the box of all bright pixels."""
    rows, columns = np.nonzero(rgb.min(axis=2) > 200)
    box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    return sv.Detections(xyxy=np.array([box], np.float32))


def test_the_function_sees_the_whole_picture() -> None:
    detector = CallableDetector(bright_box)
    boxes = [(4, 6, 20, 30), (10, 2, 12, 8)]
    found = detector.detect([spot_picture(64, 36, box) for box in boxes])
    assert [tuple(one.xyxy[0].tolist()) for one in found] == boxes
    assert (detector.name, detector.kind) == ("bright_box", "callable")
    detector.close()


def test_a_name_can_be_given() -> None:
    assert CallableDetector(bright_box, "bright things").name == "bright things"


@pytest.mark.parametrize("answer", [None, [], np.zeros((1, 4)), [[0, 0, 1, 1]]], ids=repr)
def test_any_other_answer_is_refused(answer: object) -> None:
    detector = CallableDetector(lambda _: cast(sv.Detections, answer), "wrong")
    with pytest.raises(ModelError, match=f"'wrong' returned {type(answer).__name__}") as caught:
        detector.detect([spot_picture(64, 36, (0, 0, 8, 8))])
    assert "Detections.empty()" in caught.value.hint
