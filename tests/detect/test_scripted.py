from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import supervision as sv

from streamlab.core.time.timebase import frame_pts
from streamlab.detect.classes import class_names
from streamlab.detect.scripted import ScriptedDetector, no_detector, truth_detector
from streamlab.street.scene import Street

from .pictures import grey_picture


@dataclass(frozen=True)
class Thing:
    x1: float
    y1: float
    x2: float
    y2: float
    class_name: str
    track_id: int


class Lane:
    """A scene in which a car moves 3 px a frame; from frame 2 on a zebra stands there."""

    width, height, fps = 64, 36, Fraction(30_000, 1001)

    def truth(self, number: int) -> list[Thing]:
        things = [Thing(3 * number, 10, 3 * number + 12, 20, "car", 5)] if number else []
        return things + [Thing(40, 5, 50, 30, "zebra", 9)] * (number >= 2)


def test_truth_belongs_to_the_picture() -> None:
    detector = truth_detector(Lane())
    pictures = [grey_picture(64, 36, pts=frame_pts(number, Lane.fps)) for number in (7, 1, 0)]
    both, car, nothing = detector.detect(pictures)
    assert both.xyxy.tolist() == [[21, 10, 33, 20], [40, 5, 50, 30]]
    assert class_names(both) == ["car", "zebra"]
    assert both.tracker_id is not None
    assert both.tracker_id.tolist() == [5, 9]
    assert both.confidence is not None
    assert both.confidence.tolist() == [1, 1]
    assert car.xyxy.tolist() == [[3, 10, 15, 20]]
    assert len(nothing) == 0


def test_truth_is_scaled_to_the_picture() -> None:
    (found,) = truth_detector(Lane()).detect([grey_picture(128, 108, pts=frame_pts(1, Lane.fps))])
    assert found.xyxy.tolist() == [[6, 30, 30, 60]]


def test_a_class_keeps_its_number() -> None:
    detector = truth_detector(Lane())
    first = detector.detect([grey_picture(64, 36, pts=frame_pts(3, Lane.fps))])[0].class_id
    second = detector.detect([grey_picture(64, 36, pts=frame_pts(9, Lane.fps))])[0].class_id
    assert first is not None
    assert second is not None
    assert first.tolist() == second.tolist()
    assert first[0] == 2  # a car, in COCO


def test_the_street_is_a_scene() -> None:
    street = Street(320, 180, seed=3)
    picture = grey_picture(320, 180, pts=frame_pts(100, street.fps))
    (found,) = truth_detector(street).detect([picture])
    assert len(found) == len(street.truth(100)) > 0


def test_a_script_sees_each_picture() -> None:
    def script(picture: object) -> sv.Detections:
        seen.append(picture)
        return sv.Detections(xyxy=np.array([[0, 0, 1, 1]], np.float32))

    seen: list[object] = []
    detector = ScriptedDetector(script, "script")
    pictures = [grey_picture(64, 36), grey_picture(32, 32)]
    assert [len(found) for found in detector.detect(pictures)] == [1, 1]
    assert seen == pictures
    assert (detector.name, detector.kind) == ("script", "scripted")
    detector.close()


def test_no_detector_finds_nothing() -> None:
    assert [len(found) for found in no_detector().detect([grey_picture(64, 36)] * 2)] == [0, 0]
