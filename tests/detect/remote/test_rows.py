"""Detections arrive as they were, whatever belongs to them, and contradictions are refused."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
import numpy as np
import pytest
import supervision as sv
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from streamlab.detect.answer import MAX_BOXES, is_complete
from streamlab.detect.remote import rows as rows_module
from streamlab.detect.remote.messages import ANSWER, Answer, Column, Rows, decode, encode
from streamlab.detect.remote.rows import detections_of, rows_of
from streamlab.processes.message_socket import MessageError

from .running import assert_equal, checked

NUMBERS = st.sampled_from(["<f4", "<f8", "|b1", "<i8", "|u1", ">i4"])
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=9)


@st.composite
def detections(draw: st.DrawFn) -> sv.Detections:
    count = draw(st.integers(0, 4))
    if not count:
        return sv.Detections.empty()

    def maybe(dtype: str, elements: st.SearchStrategy[Any] | None = None) -> Any:
        return draw(st.none() | arrays.arrays(dtype, (count,), elements=elements))

    corners = draw(arrays.arrays("<f4", (count, 4), elements=st.floats(-90, 90, width=32)))
    found = sv.Detections(np.sort(corners.reshape(count, 2, 2), axis=1).reshape(count, 4))
    found.confidence = maybe("<f4", st.floats(0, 1, width=32))
    found.class_id = maybe("<i8", st.integers(0, 1 << 50))
    found.tracker_id = maybe("<i8", st.integers(-1, 1 << 50))
    found.mask = draw(st.none() | arrays.arrays(bool, (count, 3, 5)))
    for key, dtype in draw(st.dictionaries(TEXT, NUMBERS, max_size=3)).items():
        found.data[key] = draw(arrays.arrays(dtype, (count, 2)))
    if draw(st.booleans()):
        names = st.lists(TEXT.map(str.strip), min_size=count, max_size=count)
        found.data["class_name"] = np.array(draw(names))
    return found


def sent(found: sv.Detections) -> sv.Detections:
    """Return detections as a client gets them."""
    answer = decode(ANSWER, encode(Answer(1, [rows_of(found, Counter())])))
    return detections_of(answer.rows[0])


@given(detections())
def test_detections_arrive_as_they_were(given: sv.Detections) -> None:
    found = checked(given)
    for key, value in list(found.data.items()):
        if isinstance(value, np.ndarray) and value.dtype.str == ">i4":
            found.data[key] = value.astype("<i4")
    arrived = sent(found)
    assert_equal([arrived], [found])
    arrived.xyxy[:] = 0  # it may be written to


def test_the_user_learns_that_boxes_were_left_out() -> None:
    many = sv.Detections(np.tile(np.array([1, 2, 3, 4], np.float32), (MAX_BOXES + 5, 1)))
    found = checked(many)
    assert not is_complete(found)
    assert not is_complete(sent(found))
    assert is_complete(sent(checked(many[:3])))  # type: ignore[arg-type]


def test_compact_masks_arrive_as_arrays() -> None:
    masks = np.zeros((1, 6, 8), bool)
    masks[0, 2:4, 1:5] = True
    found = sv.Detections(np.array([[1, 2, 5, 4]], np.float32), mask=masks)
    compact = sv.Detections(found.xyxy, mask=sv.CompactMask.from_dense(masks, found.xyxy, (6, 8)))
    assert_equal([sent(checked(compact))], [found])


def test_what_cannot_be_sent_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_module, "MAX_MASK_BITS", 100)
    found = sv.Detections(np.zeros((2, 4), np.float32), mask=np.zeros((2, 10, 10), bool))
    found.data = {
        "objects": np.array([{}, {}]),
        "k" * 65: np.zeros(2),
        "large": np.zeros((2, 1 << 17)),
    }
    found.data |= {str(number): np.zeros(2) for number in range(17)}
    dropped: Counter[str] = Counter()
    rows = rows_of(found, dropped)
    assert dropped == {"masks_dropped": 2, "data_dropped": 4}
    assert (rows.mask, len(rows.data)) == (None, 16)


BOX = Column("<f4", (1, 4), bytes(16))
BAD_ROWS: dict[str, dict[str, Any]] = {
    "no boxes": {"columns": {}},
    "too many boxes": {"count": MAX_BOXES + 1},
    "another count": {"count": 2},
    "boxes of doubles": {"columns": {"xyxy": Column("<f8", (1, 4), bytes(32))}},
    "boxes of objects": {"columns": {"xyxy": Column("|O", (1, 4), bytes(32))}},
    "too few bytes": {"columns": {"xyxy": Column("<f4", (1, 4), bytes(15))}},
    "data of objects": {"data": {"a": Column("|O", (1,), bytes(8))}},
    "data of fields": {"data": {"a": Column("f4,f4", (1,), bytes(8))}},
    "data of nothing": {"data": {"a": Column("<U0", (1,), b"")}},
    "negative sides": {"data": {"a": Column("|u1", (1, -1, -1), bytes(1))}},
    "more than there is": {"data": {"a": Column("|u1", (1, 1 << 60, 16), bytes(1))}},
    "data of other boxes": {"data": {"a": Column("|u1", (2,), bytes(2))}},
    "flat masks": {"mask": Column("|b1", (1, 8), bytes(1))},
    "large masks": {"mask": Column("|b1", (1, 1 << 20, 1 << 20), bytes(1))},
    "masks of other boxes": {"mask": Column("|b1", (2, 2, 2), bytes(1))},
    "negative masks": {"mask": Column("|b1", (1, -8, -1), bytes(1))},
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_ROWS)
def test_rows_that_contradict_themselves_are_refused(case: str) -> None:
    good = Rows(1, {"xyxy": BOX})
    assert len(detections_of(good)) == 1
    with pytest.raises(MessageError):
        detections_of(msgspec.structs.replace(good, **BAD_ROWS[case]))
