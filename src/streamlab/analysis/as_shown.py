"""As-shown accuracy: do the drawn boxes match the objects of the picture that is shown?

The accuracy of a frame is the mean, over its true objects, of the IoU of each with the box that is
matched to it; an object without a box counts 0. A box matches at most one object, and only one of
its own class; the pair with the largest overlap is matched first. Boxes that match no object do
not lower the accuracy.

The boxes are those that the annotated channel would have drawn: the real detections, predicted by
the code that runs live, in the order that results from the simulated policy.
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
    """Return the as-shown accuracy of each frame, with the index of the simulated trace.

    NaN for a frame that has no object, or was never released in the annotated channel.

    Raises:
        KeyError: the video has no frame of some pts.
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
    """Return the accuracy by pts if every frame waited for its own result: the reference."""
    return pd.Series(
        {pts: frame_accuracy(truth, video.found[pts]) for pts, truth in video.truth.items()},
        name="own",
    )


def frame_accuracy(truth: sv.Detections, drawn: sv.Detections | None) -> float:
    """Return the accuracy of one frame, 0..1; NaN without objects."""
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
