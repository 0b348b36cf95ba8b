"""What msgspec makes of a fragment, read by the standard library."""

from __future__ import annotations

import base64
import json

from hypothesis import given
from hypothesis import strategies as st

from streamlab.core.mp4.fragment import Boxes, EncodedFrame, Fragment, WireBox
from streamlab.protocol.fragment import members_of, serialise
from tests.core.makers import ANNOTATED, RAW

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
NAMES = st.sampled_from(["car", "Füchse", "人", 'a "b" \\ c', "a b", "\u2028", "🚲"])
ROWS: st.SearchStrategy[list[WireBox]] = st.lists(
    st.tuples(
        NUMBERS, NUMBERS, NUMBERS, NUMBERS, NAMES, st.none() | NUMBERS, st.none() | st.integers(0)
    ).map(list),
    max_size=5,
)
BOXES = st.none() | st.builds(Boxes, st.none() | st.integers(0, 2**53), ROWS)


def frame(pts: int, boxes: Boxes | None = None, captured_at: float = 1.5) -> EncodedFrame:
    return EncodedFrame(pts, 3000, pts == 0, 5, 0, captured_at, 0, boxes)


@given(NUMBERS, st.lists(BOXES, min_size=1, max_size=4))
def test_the_members_of_a_fragment(captured_at: float, boxes: list[Boxes | None]) -> None:
    frames = tuple(frame(3000 * index, each, captured_at) for index, each in enumerate(boxes))
    made = members_of(Fragment(ANNOTATED, 7, "abc", frames, b"mdat"))
    assert not {b"\n"[0], b"\r"[0]} & set(made), "it is one line of an event"
    assert list(json.loads(b"{%b}" % made).items()) == [
        ("channel", "annotated"),
        ("quality", "medium"),
        ("sequence", 7),
        ("init_id", "abc"),
        ("pts", 0),
        ("duration", 3000 * len(frames)),
        ("keyframe", True),
        ("captured_at", captured_at),
        ("frames", [members_of_frame(each) for each in frames]),
    ]


def members_of_frame(frame: EncodedFrame) -> dict[str, object]:
    if frame.boxes is None:
        return {"pts": frame.pts}
    pts, rows = frame.boxes[:2]
    return {"pts": frame.pts, "detections_pts": pts, "detections": rows}


def test_the_bytes_of_a_raw_fragment() -> None:
    made = Fragment(RAW, 7, "abc", (frame(3000, captured_at=1751234567.25),), b"mdat")
    serialise(made)
    assert made.members == (
        b'"channel":"raw","quality":"medium","sequence":7,"init_id":"abc","pts":3000,'
        b'"duration":3000,"keyframe":false,"captured_at":1751234567.25,"frames":[{"pts":3000}]'
    )
    assert base64.b64decode(made.payload) == made.data
