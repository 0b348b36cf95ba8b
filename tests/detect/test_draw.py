from __future__ import annotations

import json
import sys
import threading
import time
from itertools import count, pairwise
from pathlib import Path

import av
import numpy as np
import pytest
import supervision as sv
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from streamlab.detect.draw import BoxRenderer
from streamlab.detect.labels import LabelSheet, LabelText
from streamlab.detect.result import Result
from streamlab.detect.style import (
    PALETTE,
    Style,
    class_colour,
    colour_number,
    palette,
    to_yuv,
)
from streamlab.media.picture import Picture

from .pictures import grey_picture, noise_picture, unchecked

RENDERER = BoxRenderer()
GREY_LUMA = 60


def boxes(*xyxy: tuple[float, float, float, float], class_id: int = 0) -> sv.Detections:
    count = len(xyxy)
    detections = unchecked(np.array(xyxy, np.float32))
    detections.confidence = np.full(count, 0.5, np.float32)
    detections.class_id = np.full(count, class_id)
    detections.data = {"class_name": np.array(["person"] * count)}
    return detections


def drawn(detections: sv.Detections, *, top_px: int = 0, stale: bool = False) -> Picture:
    picture = grey_picture(640, 360, luma=GREY_LUMA)
    RENDERER.draw(picture, detections, top_px=top_px, stale=stale)
    return picture


def changed(picture: Picture) -> NDArray[np.bool_]:
    """Return where Y differs from the plain picture."""
    return np.not_equal(picture.planes()[0], GREY_LUMA)


def test_the_outline_lies_on_the_edges_of_the_box_in_all_planes() -> None:
    y, u, v = drawn(boxes((100, 100, 300, 200), class_id=2)).planes()
    colour = class_colour("person")
    for rows, columns in (
        (slice(100, 102), slice(100, 300)),
        (slice(198, 200), slice(100, 300)),
        (slice(100, 200), slice(100, 102)),
        (slice(100, 200), slice(298, 300)),
    ):
        half = (
            slice(rows.start // 2, rows.stop // 2),
            slice(columns.start // 2, columns.stop // 2),
        )
        assert (y[rows, columns] == colour.y).all()
        assert (u[half] == colour.u).all()
        assert (v[half] == colour.v).all()
    assert (y[102:198, 102:298] == GREY_LUMA).all()
    assert (y[200:] == GREY_LUMA).all()


def test_a_label_stands_above_its_box() -> None:
    picture = drawn(boxes((100, 100, 300, 200)))
    rows, columns = np.nonzero(changed(picture)[:100])
    assert (rows.min(), rows.max()) == (86, 99)
    assert columns.min() == 100
    label = picture.planes()[0][86:100, 100 : columns.max() + 1]
    assert {class_colour("person").y, class_colour("person").ink} <= set(label.ravel().tolist())


def test_a_label_at_the_top_goes_inside_and_else_below() -> None:
    assert not changed(drawn(boxes((100, 4, 300, 200))))[:4].any()
    y, u, _ = drawn(boxes((100, 4, 300, 26))).planes()
    assert (y[:4] == GREY_LUMA).all()
    assert (u[13:20, 50:70] == class_colour("person").u).all()


def test_a_label_at_the_right_edge_stays_in_the_picture() -> None:
    picture = drawn(boxes((630, 100, 640, 200)))
    _, columns = np.nonzero(changed(picture)[86:100])
    assert columns.max() == 639
    assert 30 < columns.max() - columns.min() < 120


def test_a_label_is_shortened_to_its_box_and_a_low_box_has_none() -> None:
    wide, narrow = (
        np.flatnonzero(changed(drawn(boxes((100, 100, right, 200))))[86:100].any(axis=0))
        for right in (300, 130)
    )
    assert np.ptp(narrow) < np.ptp(wide)
    assert not changed(drawn(boxes((100, 100, 300, 116))))[:100].any()


def test_labels_say_name_track_and_score() -> None:
    plain = boxes((100, 100, 300, 200))
    tracked = boxes((100, 100, 300, 200))
    tracked.tracker_id = np.array([123])
    bare = sv.Detections(xyxy=plain.xyxy)
    widths = [changed(drawn(one))[90].sum() for one in (bare, plain, tracked)]
    assert widths[0] < widths[1] < widths[2]


def test_labels_do_not_cover_each_other() -> None:
    sheet, text = LabelSheet(640, 328, 16), LabelText(("person", "0.87"), 16, PALETTE[0])
    places = []
    for step in range(60):
        left, top = 20 * (step % 7), 8 * (step // 7)
        label = sheet.place((left, top, left + 40, top + 60), text)
        if label is not None:
            places.append((label.left, label.top, label.left + label.width, label.top + 16))
    assert len(places) > 5
    for index, (left, top, right, bottom) in enumerate(places):
        for other in places[:index]:
            assert (
                right <= other[0] + 1
                or other[2] <= left + 1
                or bottom <= other[1] + 1
                or (other[3] <= top + 1)
            )


def test_a_label_without_room_is_shortened() -> None:
    sheet = LabelSheet(200, 40, 16)
    box = (0, 16, 100, 40)
    text = LabelText(("person", "#7", "0.87"), 16, PALETTE[0])
    sizes = []
    while (label := sheet.place(box, text)) is not None:
        sizes.append(len(label.parts))
    assert sizes == [3]
    sheet = LabelSheet(200, 40, 16)
    assert sheet.place((120, 16, 200, 40), LabelText(("bus",), 16, PALETTE[0])) is not None
    label = sheet.place((60, 16, 100, 40), text)
    assert label is not None
    assert len(label.parts) < 3


def test_stale_boxes_are_dashed() -> None:
    fresh, stale = (
        changed(drawn(boxes((100, 100, 300, 200)), stale=stale))[199, 100:300]
        for stale in (False, True)
    )
    assert fresh.all()
    assert stale[:6].all()
    assert 0.4 < stale.mean() < 0.6


def test_boxes_are_clipped_and_what_is_outside_is_left_out() -> None:
    y = drawn(boxes((-50, 340, 50, 1e6))).planes()[0]
    assert (y[358:, :50] == class_colour("person").y).all()
    nan, inf = float("nan"), float("inf")
    outside = boxes(
        (nan, 0, 10, 10),
        (0, 0, inf, 10),
        (-20, 10, -5, 30),
        (640, 10, 660, 30),
        (10, 400, 20, 500),
        (50, 50, 50, 80),
        (80, 80, 60, 60),
    )
    assert not changed(drawn(outside)).any()
    assert not changed(drawn(sv.Detections.empty())).any()


@pytest.mark.parametrize(("top_px", "kept_px"), [(32, 32), (21, 22)])
@pytest.mark.parametrize("stale", [False, True])
def test_reserved_rows_stay_untouched(top_px: int, kept_px: int, stale: bool) -> None:
    picture, before = noise_picture(640, 360), noise_picture(640, 360)
    many = boxes(*((40 * i, 5 * i, 40 * i + 60, 5 * i + 40) for i in range(15)))
    RENDERER.draw(picture, many, top_px=top_px, stale=stale)
    for plane, untouched, rows in zip(
        picture.planes(), before.planes(), (kept_px, kept_px // 2, kept_px // 2), strict=True
    ):
        np.testing.assert_array_equal(plane[:rows], untouched[:rows])
        assert (plane[rows:] != untouched[rows:]).any()


def test_with_reserved_rows_a_box_is_where_it_is_without() -> None:
    box = boxes((100, 200, 300, 300))
    np.testing.assert_array_equal(changed(drawn(box)), changed(drawn(box, top_px=32)))


@given(
    xyxy=arrays(np.float32, st.tuples(st.integers(0, 12), st.just(4))),
    size=st.sampled_from([(2, 2), (32, 18), (640, 360), (360, 640), (1920, 1080)]),
    top_px=st.sampled_from([0, 1, 2, 16]),
    stale=st.booleans(),
)
def test_any_boxes_on_any_picture(
    xyxy: NDArray[np.float32], size: tuple[int, int], top_px: int, stale: bool
) -> None:
    picture = grey_picture(*size)
    RENDERER.draw(picture, unchecked(xyxy), top_px=min(top_px, size[1]), stale=stale)


@pytest.mark.parametrize("size", [(640, 360), (1920, 1080)])
@pytest.mark.parametrize("stale", [False, True])
def test_drawing_keeps_the_interpreter_lock(size: tuple[int, int], stale: bool) -> None:
    picture, (width, height) = grey_picture(*size), size
    crowd = boxes(*((2 * i, 5 * i, width - 9 * i, height - 7 * i) for i in range(12)))
    RENDERER.draw(picture, crowd, stale=stale)  # texts are written in a thread of their own
    turns, ended = count(), threading.Event()

    def take_turns() -> None:
        while not ended.is_set():
            next(turns)
            time.sleep(0)

    interval_s = sys.getswitchinterval()
    try:
        sys.setswitchinterval(1.0)  # so threads take turns only where the lock is released
        other = threading.Thread(target=take_turns)
        other.start()
        before = next(turns)
        for _ in range(20):
            RENDERER.draw(picture, crowd, stale=stale)
        assert next(turns) == before + 1
    finally:
        sys.setswitchinterval(interval_s)
        ended.set()
        other.join()


def test_sizes_grow_with_the_picture() -> None:
    styles = [Style.of_size(*size) for size in ((640, 360), (1280, 720), (1920, 1080))]
    assert styles[0] == Style(line=2, label=14)
    assert Style.of_size(1080, 1920) == styles[-1]
    for smaller, larger in pairwise(styles):
        assert smaller.line <= larger.line
        assert smaller.label < larger.label


def test_colours_follow_bt_601() -> None:
    assert to_yuv(255, 255, 255)[:3] == (235, 128, 128)
    assert to_yuv(0, 0, 0)[:3] == (16, 128, 128)
    assert to_yuv(255, 0, 0)[:3] == (81, 90, 240)
    assert to_yuv(0, 0, 255)[:3] == (41, 240, 110)


def test_text_stands_out_from_every_colour() -> None:
    assert all(abs(colour.y - colour.ink) > 90 for colour in PALETTE)
    assert len(set(PALETTE)) == len(PALETTE)


def test_names_and_scores_that_nobody_can_draw_do_no_harm() -> None:
    detections = sv.Detections(
        xyxy=np.array([[8, 40, 120, 100], [8, 40, 120, 100]], np.float32),
        confidence=np.array([np.nan, 0.5], np.float32),
        data={"class_name": np.array(["a\ud800\x00", "b" * 10_000], object)},
    )
    assert Result(detections).label_texts(14, PALETTE)[0].parts == ("a\ufffd\ufffd",)
    BoxRenderer().draw(grey_picture(320, 180), detections)


@pytest.mark.parametrize("matrix", [1, 6])
@pytest.mark.parametrize("colour_range", [1, 2])
def test_class_colours_are_the_same_in_every_matrix_and_range(
    matrix: int, colour_range: int
) -> None:
    expected = (0x12, 0xD6, 0x94)
    frame = av.VideoFrame(64, 64, "yuv420p")
    frame.colorspace, frame.color_range = matrix, colour_range
    picture = Picture(frame, 0)
    colour = palette(matrix, colour_range == 2)[0]
    for plane, value in zip(picture.planes(), colour[:3], strict=True):
        plane[:] = value
    assert np.abs(picture.rgb()[32, 32].astype(int) - expected).max() <= 3


def test_the_colour_of_a_class_follows_from_its_name() -> None:
    numbers = json.loads(Path("tests/class_colours.json").read_text(encoding="utf-8"))
    assert {name: colour_number(name) for name in numbers} == numbers
    assert len(set(list(numbers.values())[:11])) == len(PALETTE)
