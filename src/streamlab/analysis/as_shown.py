"""As-shown accuracy: are the boxes on the objects of the picture that is shown?

Of a frame it is the mean, over its true objects, of the IoU of each with the box that was drawn on
it; an object without a box counts 0. A box is drawn on at most one object, and only on one of its
own class: of all pairs the one that overlaps most is taken first. Boxes that are on nothing do
not count against a frame.

The boxes are those that the annotated channel would have drawn: the real detections, through the
code that carries them forward live, in the order that the simulated policy made of them.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import supervision as sv

from streamlab.analysis.detections import LabelledVideo
from streamlab.core.sync.box_queue import FrameBoxes
from streamlab.detect.classes import class_names
from streamlab.detect.tracking import BoxCarrier


def as_shown(simulated: pd.DataFrame, video: LabelledVideo) -> pd.Series[float]:
    """Return the as-shown accuracy of each frame, on the rows of a simulated trace.

    NaN where a frame has no object, or never left in the annotated channel. Raises KeyError when
    the video has no frame of some pts.
    """
    carrier = BoxCarrier()
    accuracy = []
    left = simulated["annotated_released_ns"].notna()
    columns = simulated["pts"], simulated["detections_pts"], left
    for pts, boxes_pts, shown in zip(*(column.tolist() for column in columns), strict=True):
        known = boxes_pts is not pd.NA
        event = (
            FrameBoxes(pts, video.found[boxes_pts], boxes_pts)
            if known
            else FrameBoxes(pts, None, None)
        )
        drawn = carrier.boxes_on(event, video.width, video.height)
        found = None if drawn is None else drawn.detections
        accuracy.append(frame_accuracy(video.truth[pts], found) if shown else np.nan)
    return pd.Series(accuracy, simulated.index, name="as_shown")


def own_accuracy(video: LabelledVideo) -> pd.Series[float]:
    """Return the accuracy, by pts, when every frame waits for its own result: the reference."""
    return pd.Series(
        {pts: frame_accuracy(truth, video.found[pts]) for pts, truth in video.truth.items()},
        name="own",
    )


def frame_accuracy(truth: sv.Detections, drawn: sv.Detections | None) -> float:
    """Return the accuracy of one frame; NaN without objects."""
    if not len(truth):
        return float("nan")
    if drawn is None or not len(drawn):
        return 0.0
    same = np.equal.outer(class_names(truth), class_names(drawn))
    overlap = sv.box_iou_batch(truth.xyxy, drawn.xyxy) * same
    total = 0.0
    while (best := overlap.max()) > 0:
        total += float(best)
        row, column = np.unravel_index(overlap.argmax(), overlap.shape)
        overlap[row] = overlap[:, column] = 0
    return total / len(truth)
