"""As-shown accuracy, on scenes that can be worked out on paper, and on a small street."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import supervision as sv

from streamlab.analysis import as_shown, make_trace, own_accuracy, simulate, street_detections
from streamlab.analysis.as_shown import frame_accuracy
from streamlab.detect.detector import DetectorKind
from streamlab.detect.scripted import ScriptedDetector, no_detector, truth_detector
from streamlab.media.picture import Picture
from streamlab.street.scene import Street
from tests.analysis.scenes import FRAME, SIDE_PX, STEP_PX, boxes, passing_car, simulated

STREET = Street(160, 90, seed=2)
ONE_STEP = (SIDE_PX - STEP_PX) / (SIDE_PX + STEP_PX)
"""IoU of a box that lies one step behind."""


def test_an_object_counts_as_much_as_its_box_overlaps() -> None:
    truth = boxes((0, "car"), (300, "person"))
    assert frame_accuracy(truth, truth) == 1
    assert frame_accuracy(truth, boxes((STEP_PX, "car"), (300, "person"))) == pytest.approx(
        (ONE_STEP + 1) / 2
    )
    assert frame_accuracy(truth, boxes((0, "car"))) == 0.5
    assert frame_accuracy(truth, boxes((0, "bus"), (300, "car"))) == 0
    assert frame_accuracy(truth, boxes()) == frame_accuracy(truth, None) == 0
    assert frame_accuracy(truth, boxes((0, "car"), (300, "person"), (500, "car"))) == 1
    assert np.isnan(frame_accuracy(boxes(), truth))


def test_one_box_is_on_one_object() -> None:
    two = boxes((0, "car"), (STEP_PX, "car"))
    assert frame_accuracy(two, boxes((0, "car"))) == 0.5
    assert frame_accuracy(boxes((0, "car")), two) == 1


def test_fresh_frames_are_as_good_as_the_detector() -> None:
    video = passing_car(5)
    assert as_shown(simulated(range(5)), video).tolist() == [1] * 5
    assert own_accuracy(video).tolist() == [1] * 5


def test_boxes_stand_still_until_a_second_result_gives_them_a_velocity() -> None:
    accuracy = as_shown(simulated([None, 1, 1, 3, 3]), passing_car(5))
    assert accuracy[:4].tolist() == pytest.approx([0, 1, ONE_STEP, 1])
    assert accuracy[4] > 0.95


def test_a_late_result_corrects_the_tracker() -> None:
    late = as_shown(simulated([0, 0, 0, 2, 2]), passing_car(5))
    assert late[2] == pytest.approx((SIDE_PX - 2 * STEP_PX) / (SIDE_PX + 2 * STEP_PX))
    assert (late[3:] > 0.9).all()


def test_a_frame_that_never_left_is_not_judged() -> None:
    lost = simulated([0, 0, 2])
    lost.loc[1, "annotated_released_ns"] = pd.NA
    assert as_shown(lost, passing_car(3)).isna().tolist() == [False, True, False]


def test_a_video_without_the_frame() -> None:
    with pytest.raises(KeyError, match=str(2 * FRAME)):
        as_shown(simulated([0, 1, 2]), passing_car(2))


def test_a_detector_is_as_good_as_it_is() -> None:
    numbers = range(0, 60, 20)
    for detector, accuracy in ((truth_detector(STREET), 1.0), (no_detector(), 0.0)):
        video = street_detections(STREET, numbers, detector, progress=False)
        own = own_accuracy(video)
        assert list(own.index) == [number * FRAME for number in numbers]
        assert own.dropna().unique().tolist() == [accuracy]


def test_waiting_is_seen_in_the_accuracy() -> None:
    video = street_detections(STREET, range(90), truth_detector(STREET), progress=False)
    trace = make_trace("overload", seconds=3)
    none, short, long = (
        as_shown(simulate(trace, policy, max_playout_delay_ms=delay_ms), video).mean()
        for policy, delay_ms in (("none", 250), ("deadline", 20), ("deadline", 250))
    )
    assert short < long <= none


class Counting(ScriptedDetector):
    """Knows the street, or a model retrained to find nothing, and counts its pictures."""

    kind: DetectorKind = "scripted"

    def __init__(self, *, blind: bool = False) -> None:
        self.pictures = 0
        self._knows = no_detector() if blind else truth_detector(STREET)
        super().__init__(self._find, "model.onnx")

    def _find(self, picture: Picture) -> sv.Detections:
        self.pictures += 1
        return self._knows.detect([picture])[0]


def test_a_detector_runs_once_per_frame_for_any_number_of_sweeps(tmp_path: Path) -> None:
    first = street_detections(STREET, range(30), Counting(), cache=tmp_path, progress=False)
    again = Counting()
    second = street_detections(STREET, range(30), again, cache=tmp_path, progress=False)
    assert again.pictures < 5
    assert first.found.keys() == second.found.keys()
    assert own_accuracy(second).equals(own_accuracy(first))
    for changed in (
        street_detections(STREET, range(30), Counting(blind=True), cache=tmp_path, progress=False),
        street_detections(STREET, range(20), Counting(), cache=tmp_path, progress=False),
    ):
        assert not own_accuracy(changed).equals(own_accuracy(first))
    assert len(list(tmp_path.iterdir())) == 3
