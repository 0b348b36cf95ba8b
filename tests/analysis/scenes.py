"""A scene of one or two moving boxes, whose accuracy can be worked out on paper."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import supervision as sv

from streamlab.analysis import LabelledVideo
from streamlab.core.time.timebase import TIMESCALE

FRAME = TIMESCALE // 30
SIDE_PX, STEP_PX = 100.0, 10.0


def boxes(*named: tuple[float, str]) -> sv.Detections:
    """Return square boxes by their left edge, px, and class."""
    if not named:
        return sv.Detections.empty()
    xyxy = [(left, 50.0, left + SIDE_PX, 50.0 + SIDE_PX) for left, _ in named]
    return sv.Detections(
        xyxy=np.array(xyxy, np.float32), data={"class_name": np.array([name for _, name in named])}
    )


def passing_car(count: int) -> LabelledVideo:
    """Return a car that moves by ``STEP_PX`` a frame, found where it is."""
    places = {number * FRAME: boxes((number * STEP_PX, "car")) for number in range(count)}
    return LabelledVideo(640, 360, found=places, truth=places)


def simulated(boxes_of: Sequence[int | None]) -> pd.DataFrame:
    """Return frames in order, each with boxes of the frame of this number."""
    pts = [number * FRAME for number in range(len(boxes_of))]
    return pd.DataFrame(
        {
            "pts": pts,
            "detections_pts": pd.array(
                [None if number is None else number * FRAME for number in boxes_of], "Int64"
            ),
            "annotated_released_ns": pd.array(pts, "Int64"),
        }
    )
