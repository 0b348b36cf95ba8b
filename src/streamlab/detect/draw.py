"""Draws boxes and labels directly into the Y, U and V planes of a picture.

The picture is not converted to RGB, and only the pixels of lines and labels are written. All
coordinates are even, because one pixel of U and V covers 2 x 2 pixels of Y.
"""

from __future__ import annotations

from typing import TypeGuard

import numpy as np
import supervision as sv
from av.video.reformatter import ColorRange

from streamlab.detect.labels import LabelSheet
from streamlab.detect.outline import Box, Outliner
from streamlab.detect.render import Renderer
from streamlab.detect.result import Array, FrameDetections
from streamlab.detect.style import Style, palette
from streamlab.media.picture import Picture


class BoxRenderer:
    """Draws outlines and labels (name, track id, score) in the colour of each class.

    Boxes found in an older picture (``stale``) get a dashed outline. Boxes are clipped to the
    picture; those outside it or not finite are skipped. The labels of large boxes are placed
    first.
    """

    def draw(
        self,
        picture: Picture,
        detections: sv.Detections | FrameDetections,
        *,
        top_px: int = 0,
        stale: bool = False,
    ) -> None:
        """Draw in place, leaving the first ``top_px`` rows untouched."""
        if not isinstance(detections, FrameDetections):
            detections = FrameDetections.as_found(detections)
        frame, top = picture.frame, (top_px + 1) // 2 * 2
        width, height = frame.width, frame.height
        style = Style.of_size(width, height)
        height -= top
        order, boxes = _visible(detections.xyxy, width, height, top)
        if not order:
            return
        colours = palette(frame.colorspace, frame.color_range == ColorRange.JPEG)
        texts = detections.result.label_texts(style.label, colours)
        if detections.rows is not None:
            texts = [texts[row] for row in detections.rows.tolist()]
        y, u, v = picture.flat_planes()
        planes = y.below(top), u.below(top // 2), v.below(top // 2)
        outliner = Outliner(planes, width, height, style.line, dashed=stale)
        for row in order:
            outliner.draw(boxes[row], texts[row].colour)
        sheet = LabelSheet(width, height, style.label)
        for row in order:
            label = sheet.place(boxes[row], texts[row])
            if label is not None:
                sheet.draw(label, planes)


def is_box_renderer(renderer: Renderer) -> TypeGuard[BoxRenderer]:
    """Return True for ``BoxRenderer`` itself, which is quick, keeps no picture, draws only boxes.

    A subclass is a user's renderer: it may do anything.
    """
    return type(renderer) is BoxRenderer


def render(
    renderer: Renderer, picture: Picture, boxes: FrameDetections, *, top_px: int, stale: bool
) -> None:
    """Draw with any renderer; all but ``BoxRenderer`` get ``supervision.Detections``."""
    if is_box_renderer(renderer):
        renderer.draw(picture, boxes, top_px=top_px, stale=stale)
    else:
        renderer.draw(picture, boxes.detections, top_px=top_px, stale=stale)


def _visible(xyxy: Array, width: int, height: int, top: int) -> tuple[list[int], list[Box]]:
    """Return the indices of the boxes visible below row ``top``, largest first; and all boxes."""
    inside = xyxy - (0, top, 0, top)
    np.maximum(inside, 0, out=inside)
    np.minimum(inside, (width, height) * 2, out=inside)
    sizes = inside[:, 2:] - inside[:, :2]
    areas = (sizes[:, 0] * sizes[:, 1]).tolist()
    # Not numpy's sort, which releases the GIL.
    order = sorted(range(len(areas)), key=areas.__getitem__, reverse=True)
    if not (sizes > 0).all():
        shown = np.all(sizes > 0, axis=1).tolist()
        order = [row for row in order if shown[row]]
    inside *= 0.5
    np.ceil(inside[:, 2:], out=inside[:, 2:])
    return order, (inside.astype(np.int64) * 2).tolist()
