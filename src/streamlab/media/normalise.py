"""Decoded frames of any kind, made upright 8-bit 4:2:0 of even size."""

from __future__ import annotations

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from streamlab.errors import SourceFormatError
from streamlab.media.picture import plane_view

MIN_SIDE_PX = 32
_QUARTER_TURNS = {
    90: cv2.ROTATE_90_COUNTERCLOCKWISE,
    180: cv2.ROTATE_180,
    270: cv2.ROTATE_90_CLOCKWISE,
}


def normalise(frame: av.VideoFrame, rotation: int) -> av.VideoFrame:
    """Return the frame as ``yuv420p``, turned upright, cut to even width and height.

    ``rotation`` is what the display matrix asks for, degrees counter-clockwise. Raises
    SourceFormatError when the picture is too small or turned by an odd angle.
    """
    if min(frame.width, frame.height) < MIN_SIDE_PX:
        raise SourceFormatError(
            f"the picture is {frame.width}x{frame.height} px",
            hint=f"A side must be at least {MIN_SIDE_PX} px.",
        )
    turn = rotation % 360
    even = frame.width % 2 == 0 and frame.height % 2 == 0
    if frame.format.name != "yuv420p":
        frame = frame.reformat(format="yuv420p")
    if turn == 0 and even:
        return frame
    if turn and turn not in _QUARTER_TURNS:
        raise SourceFormatError(
            f"the picture is rotated by {rotation} degrees",
            hint="Only 90, 180 and 270 degrees are supported.",
        )
    width, height = frame.width & ~1, frame.height & ~1
    planes = [
        _turned(plane_view(frame.planes[index])[: height // step, : width // step], turn)
        for index, step in enumerate((1, 2, 2))
    ]
    return _frame(planes, frame)


def _turned(plane: NDArray[np.uint8], turn: int) -> NDArray[np.uint8]:
    if turn == 0:
        return plane
    return np.asarray(cv2.rotate(plane, _QUARTER_TURNS[turn]), np.uint8)


def _frame(planes: list[NDArray[np.uint8]], like: av.VideoFrame) -> av.VideoFrame:
    height, width = planes[0].shape
    image = np.concatenate([np.ascontiguousarray(plane).ravel() for plane in planes])
    frame = av.VideoFrame.from_ndarray(image.reshape(height * 3 // 2, width), format="yuv420p")
    frame.pts, frame.time_base = like.pts, like.time_base
    frame.color_range, frame.colorspace = like.color_range, like.colorspace
    return frame
