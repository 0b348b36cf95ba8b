"""What one camera takes of a detector that others share."""

from __future__ import annotations

import numpy as np
import supervision as sv

from streamlab.detect.filter import EVERYTHING, DetectionOptions


def found() -> sv.Detections:
    return sv.Detections(
        xyxy=np.array([[0, 0, 9, 9], [1, 1, 9, 9], [2, 2, 9, 9]], np.float32),
        confidence=np.array([0.3, 0.6, 0.9], np.float32),
        class_id=np.array([0, 2, 0]),
        data={"class_name": np.array(["person", "car", "person"])},
    )


def test_everything_is_kept_as_it_is() -> None:
    detections = found()
    assert EVERYTHING.select(detections) is detections
    assert len(EVERYTHING.select(sv.Detections.empty())) == 0


def test_classes_and_scores_are_selected_in_order() -> None:
    options = DetectionOptions(classes=frozenset({"person"}), confidence=0.5)
    (selected,) = options.select(found()).xyxy.tolist()
    assert selected == [2, 2, 9, 9]
    assert DetectionOptions(confidence=0.6).select(found()).class_id.tolist() == [2, 0]  # type: ignore[union-attr]
    assert len(DetectionOptions(classes=frozenset({"bus"})).select(found())) == 0


def test_a_class_without_a_name_goes_by_its_number() -> None:
    detections = sv.Detections(xyxy=np.zeros((2, 4), np.float32), class_id=np.array([0, 7]))
    options = DetectionOptions(classes=frozenset({"class 7"}), confidence=0.9)
    assert len(options.select(detections)) == 1
