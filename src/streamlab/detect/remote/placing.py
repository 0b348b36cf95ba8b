"""Pictures in shared memory: laid out by a client, and rebuilt by the detector.

A picture is rebuilt without a copy if its height is a multiple of 4, which PyAV 18 requires.
"""

from __future__ import annotations

from collections.abc import Sequence

import av
import numpy as np
from av.video.reformatter import ColorRange
from numpy.typing import NDArray

from streamlab.detect.remote.messages import MAX_SIDE_PX, PlacedPicture
from streamlab.media.picture import FlatPlane, FlatPlanes, Picture
from streamlab.media.short_writes import copy_plane
from streamlab.processes.message_socket import MessageError

_ALIGNMENT = 64
TAIL_BYTES = 4096
"""After the last picture: swscale may read a little beyond its end."""


def bytes_needed(max_pixels: int, pictures: int) -> int:
    """Return how much memory so many pictures may take, at most, whatever their shape."""
    padding = 3 * _ALIGNMENT * MAX_SIDE_PX + _ALIGNMENT  # of the rows of a very tall picture
    return pictures * (max_pixels * 3 // 2 + padding) + TAIL_BYTES


def place(pictures: Sequence[Picture]) -> tuple[list[PlacedPicture], int]:
    """Return where pictures will lie in memory, and the bytes that this takes."""
    placed: list[PlacedPicture] = []
    offset = 0
    for picture in pictures:
        frame = picture.frame
        colour = frame.color_range, frame.colorspace, frame.color_primaries, frame.color_trc
        one = PlacedPicture(
            picture.width,
            picture.height,
            _stride(picture),
            offset,
            picture.pts,
            (int(colour[0]), int(colour[1]), int(colour[2]), int(colour[3])),
        )
        placed.append(one)
        offset += _aligned(one.size)
    return placed, offset + TAIL_BYTES


def write(picture: Picture, placed: PlacedPicture, memory: NDArray[np.uint8]) -> None:
    """Copy a picture to its place in ``memory``, uint8 ``(bytes,)``."""
    for source, target in zip(picture.flat_planes(), _planes(placed, memory), strict=True):
        _copy(source, target)


def read(placed: PlacedPicture, memory: NDArray[np.uint8], max_pixels: int) -> Picture:
    """Return a picture whose pixels are those in ``memory``, uint8 ``(bytes,)``.

    Its content may change when the client writes its next pictures. Raises MessageError if it does
    not lie within the memory, or has more than ``max_pixels``.
    """
    end = placed.offset + placed.size
    if placed.width * placed.height > max_pixels:
        raise MessageError(f"a picture has {placed.width}x{placed.height} px")
    if placed.stride < placed.width or end + TAIL_BYTES > len(memory):
        raise MessageError("a picture lies outside its memory")
    frame = _frame(placed, memory)
    full_range, frame.colorspace, frame.color_primaries, frame.color_trc = placed.colour
    frame.color_range = ColorRange(full_range) if full_range <= 2 else ColorRange.UNSPECIFIED
    return Picture(frame, placed.pts)


def _frame(placed: PlacedPicture, memory: NDArray[np.uint8]) -> av.VideoFrame:
    if placed.height % 4 == 0:
        rows = memory[placed.offset : placed.offset + placed.size].reshape(-1, placed.stride)
        return av.VideoFrame.from_numpy_buffer(rows, "yuv420p", placed.width)
    # from_numpy_buffer would round this height down to a multiple of 4.
    frame = av.VideoFrame(placed.width, placed.height, "yuv420p")
    for source, target in zip(_planes(placed, memory), frame.planes, strict=True):
        _copy(source, FlatPlane.of(target))
    return frame


def _planes(placed: PlacedPicture, memory: NDArray[np.uint8]) -> FlatPlanes:
    y = placed.height * placed.stride
    u, v = placed.offset + y, placed.offset + y + y // 4
    half = placed.stride // 2
    return (
        FlatPlane(memory[placed.offset : u], placed.stride),
        FlatPlane(memory[u:v], half),
        FlatPlane(memory[v : v + y // 4], half),
    )


def _copy(source: FlatPlane, target: FlatPlane) -> None:
    if source.stride == target.stride:
        copy_plane(target.pixels, source.pixels)
    else:
        both = slice(min(source.stride, target.stride))
        target.rows()[:, both] = source.rows()[:, both]


def _stride(picture: Picture) -> int:
    """Return the stride of Y: if possible that of the picture, whose planes are copied whole."""
    y, u, v = picture.flat_planes()
    least = _aligned(picture.width)
    is_usual = y.stride == 2 * u.stride == 2 * v.stride
    return y.stride if is_usual and y.stride <= least + _ALIGNMENT else least


def _aligned(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT
