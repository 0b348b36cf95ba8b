"""What a user's detector may return, and what is refused in words."""

from __future__ import annotations

import pickle
from collections import Counter
from typing import Any, cast

import numpy as np
import pytest
import supervision as sv
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from streamlab.detect.answer import MAX_BOXES, checked_answers, checked_detections
from streamlab.detect.classes import class_names
from streamlab.detect.result import FrameDetections
from streamlab.errors import ModelError

from .pictures import unchecked

BOXES = np.array([[1, 2, 30, 40], [5, 6, 70, 80]], np.float32)


def check(answer: object, counts: Counter[str] | None = None) -> sv.Detections:
    return checked_detections(answer, "mine", Counter() if counts is None else counts)


def detections(**fields: Any) -> sv.Detections:
    """Return two boxes whose fields are set without supervision's own checks."""
    answer = sv.Detections(xyxy=BOXES.copy())
    for name, value in fields.items():
        setattr(answer, name, value)
    return answer


@pytest.mark.parametrize(
    ("answer", "came"),
    [
        (None, "NoneType"),
        ([], "list of 0"),
        (BOXES, r"ndarray float32 \(2, 4\)"),
        ("boxes", "str of 5"),
        (sv.Detections, "type"),
        (detections(xyxy=BOXES[:, :3]), r"xyxy ndarray float32 \(2, 3\)"),
        (detections(xyxy=BOXES[0]), r"xyxy ndarray float32 \(4,\)"),
        (detections(xyxy=BOXES.astype(str)), "xyxy ndarray <U"),
        (detections(xyxy=BOXES.tolist()), "xyxy list of 2"),
        (detections(confidence=np.array(["high", "low"])), "confidence ndarray <U4"),
        (detections(confidence=0.5), "confidence float"),
        (detections(confidence=np.ones(3)), r"confidence ndarray float64 \(3,\)"),
        (detections(class_id=np.array(["car", "bus"])), "class_id ndarray <U3"),
        (detections(class_id=np.array([0.5, 1])), "class_id .* with fractions"),
        (detections(class_id=np.array([np.nan, 1])), "class_id .* with fractions"),
        (detections(tracker_id=np.array(["a", "b"])), "tracker_id ndarray <U1"),
        (detections(tracker_id=np.array(["a", None], object)), "tracker_id ndarray object"),
        (detections(tracker_id=np.array([2**70, 1], float)), r"tracker_id beyond 2\*\*53"),
        (detections(data={"class_name": np.array(["car"])}), "class_name ndarray"),
        (detections(data={"class_name": "car"}), "class_name str of 3"),
        (detections(mask=np.zeros((1, 4, 4), bool)), "mask ndarray bool"),
        (detections(mask=np.zeros((2, 4), bool)), "mask ndarray bool"),
        (detections(mask="masks"), "mask str of 5"),
    ],
)
def test_what_came_is_said(answer: object, came: str) -> None:
    with pytest.raises(ModelError, match=f"detector 'mine' returned {came}.*, not ") as caught:
        check(answer)
    assert "sv.Detections" in caught.value.hint


def test_good_answers_keep_what_they_say() -> None:
    given_answer = detections(
        xyxy=BOXES.astype(np.float64),
        confidence=np.array([0.5, 1], np.float64),
        class_id=np.array([3.0, 4.0]),
        tracker_id=np.array([7, None], object),
        data={"class_name": np.array(["car", "bus"]), "extra": np.array([1, 2])},
    )
    found = check(given_answer)
    assert found.xyxy.dtype == np.float32
    assert found.xyxy.tolist() == BOXES.tolist()
    assert found.class_id is not None
    assert found.class_id.tolist() == [3, 4]
    assert found.tracker_id is not None
    assert found.tracker_id.tolist() == [7, -1]
    assert class_names(found) == ["car", "bus"]
    assert list(found.data["extra"]) == [1, 2]
    assert given_answer.xyxy.dtype == np.float64, "the caller's own object is not touched"


def test_what_a_detector_writes_later_changes_nothing() -> None:
    answer = detections(
        confidence=np.array([0.5, 1], np.float32),
        class_id=np.array([3, 4]),
        mask=np.zeros((2, 4, 4), bool),
        data={"class_name": np.array(["car", "bus"]), "extra": np.array([1, 2])},
    )
    found = check(answer)
    before = pickle.dumps(found)
    fields = (answer.xyxy, answer.confidence, answer.class_id, answer.mask, answer.data["extra"])
    for array in fields:
        cast(NDArray[Any], array)[...] = 9
    cast(NDArray[Any], answer.data["class_name"])[...] = "x"
    assert pickle.dumps(found) == before


def test_names_that_cannot_be_drawn_are_made_printable() -> None:
    names = np.array(["a\ud800", "b\x00\n" + "c" * 500], object)
    first, second = class_names(check(detections(data={"class_name": names})))
    assert first == "a\ufffd"
    assert second.startswith("b\ufffd ccc")
    assert len(second) == 64


def test_boxes_that_are_none_are_left_out_and_counted() -> None:
    counts: Counter[str] = Counter()
    rows = np.array([[np.nan, 0, 1, 1], [0, 0, np.inf, 1], [9, 9, 1, 1], [1, 2, 3, 4]], np.float32)
    found = check(unchecked(rows), counts)
    assert found.xyxy.tolist() == [[1, 2, 3, 4]]
    assert counts == {"boxes_invalid": 3}


def test_of_too_many_boxes_the_best_stay() -> None:
    counts: Counter[str] = Counter()
    many = sv.Detections(np.tile(BOXES[:1], (5000, 1)), confidence=np.linspace(0, 1, 5000))
    found = check(many, counts)
    assert len(found) == MAX_BOXES
    assert found.confidence is not None
    assert found.confidence.min() > 0.9
    assert counts == {"boxes_over_limit": 5000 - MAX_BOXES}


@given(
    arrays(np.float64, st.tuples(st.integers(0, 20), st.just(4))),
    st.lists(st.text(max_size=80), min_size=20, max_size=20),
)
def test_any_numbers_and_names_can_be_sent(xyxy: NDArray[np.float64], names: list[str]) -> None:
    answer = unchecked(np.zeros((len(xyxy), 4), np.float32))
    answer.xyxy = xyxy
    answer.data = {"class_name": np.array(names[: len(xyxy)], object)}
    found = check(answer)
    assert np.isfinite(found.xyxy).all()
    for row in FrameDetections.as_found(found).wire_rows():
        assert isinstance(row[4], str)
        row[4].encode()
        assert row[4]


@pytest.mark.parametrize(
    ("answers", "came"),
    [(None, "NoneType"), (sv.Detections.empty(), "Detections"), ([], "0 results"), ("ab", "str")],
)
def test_a_batch_has_an_answer_for_each_picture(answers: object, came: str) -> None:
    with pytest.raises(ModelError, match=f"'mine' returned {came}"):
        checked_answers(answers, 2, "mine")
    assert checked_answers((1, 2), 2, "mine") == [1, 2]
