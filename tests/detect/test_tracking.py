from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import supervision as sv
from hypothesis import given
from hypothesis import strategies as st

from streamlab.core.time.timebase import TIMESCALE
from streamlab.detect.classes import class_names
from streamlab.detect.result import FrameDetections
from streamlab.detect.tracking import BoxTracker

from .pictures import unchecked

FRAME = TIMESCALE // 30


@dataclass(frozen=True)
class Mover:
    """A box that moves at a constant rate: where it is at pts 0, px, and px/s."""

    box: tuple[float, float, float, float]
    velocity: tuple[float, float]

    def at(self, pts: int) -> list[float]:
        shift = np.tile(self.velocity, 2) * pts / TIMESCALE
        return [float(edge) for edge in np.array(self.box) + shift]


CAR = Mover((100, 200, 160, 240), (150, 0))
PERSON = Mover((500, 150, 520, 200), (-40, 6))
BUS = Mover((700, 60, 860, 140), (-220, 0))


def found(pts: int, *movers: Mover, ids: list[int] | None = None) -> sv.Detections:
    if not movers:
        return sv.Detections.empty()
    return sv.Detections(
        xyxy=np.array([mover.at(pts) for mover in movers], np.float32),
        confidence=np.linspace(0.5, 0.9, len(movers)).astype(np.float32),
        class_id=np.arange(len(movers)),
        tracker_id=None if ids is None else np.array(ids),
        data={"class_name": np.array([f"kind-{n}" for n in range(len(movers))])},
    )


def follow(tracker: BoxTracker, stamps: list[int], *movers: Mover) -> list[list[int]]:
    """Feed what was found at these pts; return the ids of each result."""
    return [ids_of(tracker.receive_detections(pts, found(pts, *movers))) for pts in stamps]


def ids_of(boxes: FrameDetections) -> list[int]:
    tracker_id = boxes.detections.tracker_id
    assert tracker_id is not None
    return [int(number) for number in tracker_id.tolist()]


def ious(boxes: FrameDetections | sv.Detections, pts: int, *movers: Mover) -> list[float]:
    truth = np.array([mover.at(pts) for mover in movers])
    matrix = sv.box_iou_batch(truth, boxes.xyxy)
    return [float(iou) for iou in np.diagonal(matrix)]


def test_boxes_move_on_where_frozen_ones_fall_behind() -> None:
    tracker = BoxTracker()
    follow(tracker, [5 * number * FRAME for number in range(6)], CAR, PERSON, BUS)
    last = 25 * FRAME
    for missed in range(1, 10):
        pts = last + missed * FRAME
        assert min(ious(tracker.predict(pts), pts, CAR, PERSON, BUS)) > 0.8
    frozen = ious(found(last, CAR, PERSON, BUS), last + 5 * FRAME, CAR, PERSON, BUS)
    assert max(frozen) < 0.8


def test_everything_but_the_place_is_carried_along() -> None:
    tracker = BoxTracker()
    own = tracker.receive_detections(0, found(0, CAR, BUS))
    carried = tracker.predict(3 * FRAME)
    assert ids_of(carried) == ids_of(own) == [1, 2]
    detections = carried.detections
    assert class_names(detections) == ["kind-0", "kind-1"]
    assert detections.confidence is not None
    assert detections.confidence.tolist() == pytest.approx([0.5, 0.9])
    assert detections.xyxy.dtype == np.float32
    assert detections.xyxy.tolist() == carried.xyxy.tolist()


def test_a_result_keeps_its_own_boxes() -> None:
    tracker = BoxTracker()
    follow(tracker, [0, 5 * FRAME], CAR, BUS)
    jumped = found(10 * FRAME, CAR, BUS)
    jumped.xyxy += 7
    own = tracker.receive_detections(10 * FRAME, jumped)
    assert own.xyxy.tolist() == jumped.xyxy.tolist()
    assert jumped.tracker_id is None, "what the detector returned is the detector's"


def test_a_first_sighting_stands_still_and_has_an_id() -> None:
    tracker = BoxTracker()
    tracker.receive_detections(90, found(90, CAR))
    carried = tracker.predict(90 + 5 * FRAME)
    assert carried.xyxy.tolist() == [pytest.approx(CAR.at(90))]
    assert ids_of(carried) == [1]


def test_an_object_missed_for_a_while_keeps_its_id_and_is_not_drawn_meanwhile() -> None:
    tracker = BoxTracker()
    follow(tracker, [0, 5 * FRAME, 10 * FRAME], CAR, BUS)
    assert follow(tracker, [15 * FRAME, 20 * FRAME], CAR) == [[1], [1]]
    assert ids_of(tracker.predict(22 * FRAME)) == [1]
    assert follow(tracker, [25 * FRAME], CAR, BUS) == [[1, 2]]


def test_an_object_away_for_too_long_comes_back_as_another() -> None:
    tracker = BoxTracker(max_age_ms=500)
    follow(tracker, [0, 5 * FRAME], CAR)
    assert len(tracker.predict(20 * FRAME)) == 1
    assert len(tracker.predict(21 * FRAME)) == 0
    assert follow(tracker, [21 * FRAME], CAR) == [[2]]


def test_an_empty_result_carries_nothing() -> None:
    tracker = BoxTracker()
    follow(tracker, [0], CAR)
    assert len(tracker.receive_detections(FRAME, found(FRAME))) == 0
    assert len(tracker.predict(2 * FRAME)) == 0


def test_nothing_ever_found() -> None:
    tracker = BoxTracker()
    assert len(tracker.predict(0)) == 0
    assert follow(tracker, [0, 5 * FRAME]) == [[], []]
    assert len(tracker.predict(6 * FRAME)) == 0


def test_two_that_cross_keep_their_ids() -> None:
    east = Mover((100, 100, 150, 140), (120, 0))
    west = Mover((340, 112, 390, 152), (-120, 0))
    tracker = BoxTracker()
    ids = follow(tracker, [5 * number * FRAME for number in range(13)], east, west)
    assert ids == [[1, 2]] * 13


def test_a_late_result_corrects_what_was_predicted() -> None:
    tracker = BoxTracker()
    follow(tracker, [0, 5 * FRAME, 10 * FRAME, 15 * FRAME, 20 * FRAME], CAR)
    x1, y1, x2, y2 = CAR.at(20 * FRAME)
    stopped = Mover((x1, y1, x2, y2), (0, 0))
    (before,) = ious(tracker.predict(29 * FRAME), 29 * FRAME, stopped)
    # Frames up to 29 have been drawn when the result of frame 25 comes.
    assert follow(tracker, [25 * FRAME], stopped) == [[1]]
    (after,) = ious(tracker.predict(30 * FRAME), 30 * FRAME, stopped)
    assert after > before + 0.2


def test_any_time_step_will_do() -> None:
    tracker = BoxTracker()
    stamps = [0, 1, 1000, 4000, 20_000, 21_500, 60_000, 61_000, 95_000]
    assert follow(tracker, stamps, CAR, PERSON) == [[1, 2]] * len(stamps)
    pts = 95_000 + TIMESCALE // 4
    assert min(ious(tracker.predict(pts), pts, CAR, PERSON)) > 0.8


def test_ids_that_the_detector_brings_are_kept_and_followed() -> None:
    tracker = BoxTracker()
    swapped = [(0, [7, 9]), (5, [7, 9]), (10, [7, 9])]
    for number, ids in swapped:
        pts = number * FRAME
        assert ids_of(tracker.receive_detections(pts, found(pts, CAR, BUS, ids=ids))) == ids
    pts = 15 * FRAME
    carried = tracker.predict(pts)
    assert ids_of(carried) == [7, 9]
    assert min(ious(carried, pts, CAR, BUS)) > 0.8
    # The one that is now called 9 is where 7 was: association is by id, not by place.
    tracker.receive_detections(pts, found(pts, CAR, ids=[9]))
    assert tracker.predict(pts + 3 * FRAME).xyxy[0, 0] < CAR.at(pts)[0]


def test_boxes_without_identity_among_others_stand_still() -> None:
    tracker = BoxTracker()
    for pts in (0, 5 * FRAME, 10 * FRAME):
        tracker.receive_detections(pts, found(pts, CAR, BUS, ids=[-1, 4]))
    carried = tracker.predict(12 * FRAME)
    assert ids_of(carried) == [-1, 4]
    assert carried.xyxy[0].tolist() == pytest.approx(CAR.at(10 * FRAME))
    assert carried.xyxy[1, 0] < BUS.at(10 * FRAME)[0]


def test_boxes_that_are_no_boxes_are_left_out() -> None:
    tracker = BoxTracker()
    broken = [[np.nan, 0, 1, 1], [0, 0, np.inf, 1], [0, 0, 3e38, 1], [1, 1, 9, 9]]
    assert len(tracker.receive_detections(0, unchecked(np.array(broken, np.float32)))) == 1
    assert tracker.predict(FRAME).xyxy.tolist() == [[1, 1, 9, 9]]


def test_a_result_out_of_order_is_refused() -> None:
    tracker = BoxTracker()
    follow(tracker, [FRAME], CAR)
    with pytest.raises(ValueError, match="order"):
        tracker.receive_detections(FRAME, found(FRAME, CAR))


BOX = st.tuples(
    st.floats(-1000, 2000), st.floats(-1000, 2000), st.floats(-50, 900), st.floats(-50, 900)
)
RESULTS = st.lists(st.tuples(st.integers(1, 200_000), st.lists(BOX, max_size=6)), max_size=12)


@given(RESULTS, st.integers(0, 90_000))
def test_whatever_is_found_ids_are_unique_and_boxes_finite(
    results: list[tuple[int, list[tuple[float, float, float, float]]]], ahead: int
) -> None:
    trackers, pts = (BoxTracker(), BoxTracker()), 0
    for span, boxes in results:
        pts += span
        corners = [(x, y, x + width, y + height) for x, y, width, height in boxes]
        detections = sv.Detections(xyxy=np.array(corners, np.float32).reshape(-1, 4))
        own, again = (tracker.receive_detections(pts, detections) for tracker in trackers)
        assert own.xyxy.tolist() == detections.xyxy.tolist()
        assert len(set(ids_of(own))) == len(boxes)
        carried, once_more = (tracker.predict(pts + ahead) for tracker in trackers)
        assert np.isfinite(carried.xyxy).all()
        assert ids_of(carried) == ids_of(own) == ids_of(again)
        assert carried.xyxy.tolist() == once_more.xyxy.tolist()


@given(
    st.lists(st.lists(st.integers(-1, 5), max_size=5), min_size=1, max_size=10),
    st.lists(st.integers(1, 60_000), min_size=10, max_size=10),
)
def test_whatever_ids_are_brought_they_come_back(names: list[list[int]], spans: list[int]) -> None:
    tracker = BoxTracker()
    stamps = np.cumsum(spans).tolist()
    for pts, ids in zip(stamps, names, strict=False):
        detections = found(pts, *[CAR] * len(ids), ids=ids or None)
        assert ids_of(tracker.receive_detections(pts, detections)) == ids
        carried = tracker.predict(pts + 5 * FRAME)
        assert ids_of(carried) == ids
        assert np.isfinite(carried.xyxy).all()
