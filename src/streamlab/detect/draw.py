"""Boxes and labels, drawn straight into the Y, U and V planes of a picture.

No RGB is made of the picture, and only the pixels of lines and labels are written. Everything
lies on even coordinates, because one pixel of U and V covers two by two of Y.
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil, floor, isfinite

import numpy as np
import supervision as sv
from av.video.reformatter import ColorRange
from numpy.typing import NDArray

from streamlab.detect.labels import Box, LabelSheet, label_parts
from streamlab.detect.render import flat_below, planes_below
from streamlab.detect.style import Colour, Style, class_colour, palette
from streamlab.media.brief import AT_ONCE
from streamlab.media.picture import FlatPlane, Picture

Memory = tuple[FlatPlane, FlatPlane, FlatPlane]


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
        planes, memory = planes_below(picture, top_px), flat_below(picture, top_px)
        height, width = planes[0].shape
        colours = _colours(detections, picture)
        boxes = _visible_boxes(detections, width, height, picture.height - height)
        for index, box in boxes:
            _draw_outline(memory, box, colours[index], style.line, dashed=stale)
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
    for index, corners in enumerate(detections.xyxy.tolist()):
        if not all(map(isfinite, corners)):
            continue
        left, right = (min(max(x, 0), width) for x in corners[::2])
        upper, lower = (min(max(y - top, 0), height) for y in corners[1::2])
        if right > left and lower > upper:
            area = (right - left) * (lower - upper)
            even = floor(left / 2), floor(upper / 2), ceil(right / 2), ceil(lower / 2)
            boxes.append((-area, index, (even[0] * 2, even[1] * 2, even[2] * 2, even[3] * 2)))
    return [(index, box) for _, index, box in sorted(boxes)]


def _draw_outline(memory: Memory, box: Box, colour: Colour, line: int, *, dashed: bool) -> None:
    left, top, right, bottom = box
    half = (left // 2, top // 2, right // 2, bottom // 2)
    y, u, v = memory
    _draw_frame(y, box, line, colour.y, dashed=dashed)
    _draw_frame(u, half, line // 2, colour.u, dashed=dashed)
    _draw_frame(v, half, line // 2, colour.v, dashed=dashed)


def _draw_frame(plane: FlatPlane, box: Box, line: int, value: int, *, dashed: bool) -> None:
    # By places in memory: numpy writes to a few without letting other threads run, which it does
    # when it is given rows and columns, as OpenCV does at each line (``media.brief``).
    left, top, right, bottom = box
    pixels = plane.pixels[top * plane.stride + left :]
    for places in _places(bottom - top, right - left, line, plane.stride, dashed):
        pixels[places] = value


@lru_cache(maxsize=2048)
def _places(
    height: int, width: int, line: int, stride: int, dashed: bool
) -> tuple[NDArray[np.intp], ...]:
    """Return where the pixels of a frame lie; dashes are three line widths on, three off."""
    frame = np.zeros((height, width), np.bool_)
    for edge in (frame[:line], frame[-line:], frame[:, :line].T, frame[:, -line:].T):
        edge[:] |= np.arange(edge.shape[1]) // (3 * line) % 2 == 0 if dashed else True
    rows, columns = np.nonzero(frame)
    places = rows * stride + columns
    return tuple(places[at : at + AT_ONCE].copy() for at in range(0, len(places), AT_ONCE))
