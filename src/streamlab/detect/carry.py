"""Which boxes are drawn on a frame: its own result's, or those of an older one, carried forward.

The annotated channel and the laboratory that judges it share this, so that a simulated frame shows
what a live one would.
"""

from __future__ import annotations

import numpy as np
import supervision as sv

from streamlab.core.box_queue import FrameBoxes
from streamlab.detect.result import FrameDetections
from streamlab.detect.tracking import MIN_SIDE_PX, BoxTracker


class BoxCarrier:
    """Turns the decision whose boxes a frame gets into boxes; frames come in order of pts."""

    def __init__(self) -> None:
        self._tracker = BoxTracker()

    def boxes_on(
        self, event: FrameBoxes[sv.Detections], width: int, height: int
    ) -> FrameDetections | None:
        """Return what to draw on a picture of ``width`` x ``height`` px; None before any result.

        Each result corrects the tracker once, also one that came late. Carried boxes are clipped
        to the picture, and those that have left it are left out.
        """
        if event.detections is None or event.detections_pts is None:
            return None
        if event.detections_pts != self._tracker.pts:
            found = self._tracker.receive_detections(event.detections_pts, event.detections)
            if event.fresh:
                return found
        carried = self._tracker.predict(event.pts)
        xyxy = carried.xyxy
        np.maximum(xyxy, 0, out=xyxy)
        np.minimum(xyxy, (width, height) * 2, out=xyxy)
        seen = xyxy[:, 2:] - xyxy[:, :2] >= MIN_SIDE_PX
        if not seen.all():
            carried.rows = np.flatnonzero(seen.all(axis=1))
            carried.xyxy = xyxy[carried.rows]
        return carried
