from __future__ import annotations

from collections.abc import Sequence

import supervision as sv

from streamlab.detect.measure import measure_detector
from streamlab.detect.scripted import ScriptedDetector
from streamlab.media.picture import Picture

from .pictures import grey_picture


def test_every_run_takes_the_whole_batch() -> None:
    seen: list[int] = []

    class Counting(ScriptedDetector):
        def detect(self, pictures: Sequence[Picture]) -> list[sv.Detections]:
            seen.append(len(pictures))
            return super().detect(pictures)

    detector = Counting(lambda _: sv.Detections.empty(), "counting")
    timing = measure_detector(detector, [grey_picture(64, 48)] * 4, within_s=0)
    assert seen == [4] * (1 + timing.runs), "the first run is not counted"
    assert (timing.batch, timing.runs) == (4, 3)
    assert timing.ms_per_picture >= 0
