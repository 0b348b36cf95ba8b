"""Boxes and labels, drawn straight into the Y, U and V planes of a picture.

No RGB is made of the picture, and only the pixels of lines and labels are written. Everything
lies on even coordinates, because one pixel of U and V covers two by two of Y.
"""

from __future__ import annotations

from math import ceil, isfinite

import supervision as sv
from av.video.reformatter import ColorRange

from streamlab.detect.labels import LabelSheet, label_parts
from streamlab.detect.outline import Box, Outliner
from streamlab.detect.render import flat_below
from streamlab.detect.style import Colour, Style, class_colour, palette
from streamlab.media.picture import Picture


class BoxRenderer:
    """Draws outlines and labels in the colour of each class: name, track id, score.

    Boxes of an older picture (``stale``) get a dashed outline. Boxes are clipped to the
    picture; those that are outside or not finite are left out. Large boxes choose the place
    of their labels first.
    """

    def draw(
        self,
        picture: Picture,
        detections: sv.Detections,
        *,
        top_px: int = 0,
        stale: bool = False,
    ) -> None:
        """Draw in place, below ``top_px`` rows."""
        if not len(detections):
            return
        style = Style.of_size(picture.width, picture.height)
        planes, top = flat_below(picture, top_px), (top_px + 1) // 2 * 2
        width, height = picture.width, picture.height - top
        colours = _colours(detections, picture)
        boxes = _visible_boxes(detections, width, height, top)
        if not boxes:
            return
        outliner = Outliner(planes, width, height, style.line, dashed=stale)
        for index, box in boxes:
            outliner.draw(box, colours[index])
        sheet, parts = LabelSheet(width, height, style.label), label_parts(detections)
        for index, box in boxes:
            label = sheet.place(box, parts[index], colours[index])
            if label is not None:
                sheet.draw(label, planes)


def _colours(detections: sv.Detections, picture: Picture) -> list[Colour]:
    frame = picture.frame
    colours = palette(frame.colorspace, frame.color_range == ColorRange.JPEG)
    if detections.class_id is None:
        return [class_colour(0, colours)] * len(detections)
    return [class_colour(number, colours) for number in detections.class_id.tolist()]


def _visible_boxes(
    detections: sv.Detections, width: int, height: int, top: int
) -> list[tuple[int, Box]]:
    """Return index and box, below row ``top``, of what can be seen, the largest first."""
    # Plain numbers: for the few boxes of a picture they are quicker than arrays.
    boxes: list[tuple[float, int, Box]] = []
    for index, (x1, y1, x2, y2) in enumerate(detections.xyxy.tolist()):
        if not (isfinite(x1) and isfinite(y1) and isfinite(x2) and isfinite(y2)):
            continue
        left, right = (x1 if x1 > 0 else 0), (x2 if x2 < width else width)
        upper, lower = (y1 - top if y1 > top else 0), (y2 - top if y2 - top < height else height)
        if right > left and lower > upper:
            area = (right - left) * (lower - upper)
            even = int(left / 2) * 2, int(upper / 2) * 2, ceil(right / 2) * 2, ceil(lower / 2) * 2
            boxes.append((-area, index, even))
    return [(index, box) for _, index, box in sorted(boxes)]
