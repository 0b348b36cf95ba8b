"""One captured picture: 8-bit YUV 4:2:0 planes at one PTS."""

from __future__ import annotations

import threading
from fractions import Fraction
from typing import NamedTuple

import av
import numpy as np
from av.video.plane import VideoPlane
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from streamlab.core.time.timebase import TIMESCALE
from streamlab.media.colour import BT601_LIMITED, copy_colour
from streamlab.media.short_writes import Runs, copy_plane

Planes = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]
TICK = Fraction(1, TIMESCALE)


class FlatPlane(NamedTuple):
    """A plane as laid out in memory: rows of ``stride`` bytes each, padding included."""

    pixels: NDArray[np.uint8]
    stride: int

    @classmethod
    def of(cls, plane: VideoPlane) -> FlatPlane:
        """Return a view of a plane."""
        pixels: NDArray[np.uint8] = np.frombuffer(plane, np.uint8)  # type: ignore[call-overload]
        return cls(pixels, plane.line_size)

    def below(self, row: int) -> FlatPlane:
        """Return the plane without the rows above ``row``."""
        return FlatPlane(self.pixels[row * self.stride :], self.stride) if row else self

    def rows(self) -> NDArray[np.uint8]:
        """Return a view of shape ``(height, stride)``, row padding included."""
        return self.pixels.reshape(-1, self.stride)

    def write_rows(self, top: int, left: int, height: int, rows: Runs) -> None:
        """Write ``height`` rows of pixels at ``top``, ``left``, px; a single row is repeated."""
        at = top * self.stride + left
        np.ndarray(height, rows.dtype, self.pixels, at, self.stride)[...] = rows


FlatPlanes = tuple[FlatPlane, FlatPlane, FlatPlane]


def plane_view(plane: VideoPlane) -> NDArray[np.uint8]:
    """Return a view of a plane's pixels, ``(height, width)``, without the row padding."""
    return FlatPlane.of(plane).rows()[: plane.height, : plane.width]


class Picture:
    """A captured picture. Its pixels are shared by all readers: draw on a ``copy()``.

    ``frame`` is ``yuv420p`` with even width and height; ``pts`` counts ticks of 1/90000 s on
    the camera's timeline. Any number of threads may call ``rgb``.
    """

    def __init__(self, frame: av.VideoFrame, pts: int) -> None:
        frame.pts = pts
        frame.time_base = TICK
        self.frame = frame
        self.pts = pts
        self._flat_planes: FlatPlanes | None = None
        # A frame holds one converter, which crashes if two threads use it at once.
        self._converting = threading.Lock()

    @classmethod
    def from_planes(cls, image: NDArray[np.uint8], pts: int) -> Picture:
        """Make a picture from one I420 image, uint8 of shape ``(height * 3 // 2, width)``.

        Its colours are ITU-R BT.601, limited range.
        """
        frame = av.VideoFrame.from_ndarray(image, format="yuv420p")
        BT601_LIMITED.describe(frame)
        return cls(frame, pts)

    @property
    def width(self) -> int:
        """Width, px."""
        return self.frame.width

    @property
    def height(self) -> int:
        """Height, px."""
        return self.frame.height

    def planes(self) -> Planes:
        """Return views of Y ``(height, width)`` and of U and V ``(height / 2, width / 2)``."""
        y, u, v = map(plane_view, self.frame.planes)
        return y, u, v

    def flat_planes(self) -> FlatPlanes:
        """Return views of Y, U and V as laid out in memory."""
        if self._flat_planes is None:
            y, u, v = map(FlatPlane.of, self.frame.planes)
            self._flat_planes = y, u, v
        return self._flat_planes

    def rgb(self, width: int | None = None, height: int | None = None) -> NDArray[np.uint8]:
        """Return RGB pixels, uint8 of shape ``(height, width, 3)``, scaled if a size is given."""
        width, height = width or self.width, height or self.height
        with self._converting:
            pixels = self.frame.to_ndarray(format="rgb24", width=width, height=height, threads=1)
        return pixels.astype(np.uint8, copy=False)

    def copy(self, into: Picture | None = None) -> Picture:
        """Return a picture with its own pixels, to draw on.

        ``into``: a picture that is no longer used. If its size fits, its memory is reused, since
        allocating memory costs more than the copy.
        """
        if into is not None and (into.width, into.height) == (self.width, self.height):
            copied, copied.pts, copied.frame.pts = into, self.pts, self.pts
        else:
            copied = Picture(av.VideoFrame(self.width, self.height, "yuv420p"), self.pts)
        copy_colour(self.frame, copied.frame)
        for target, source in zip(copied.flat_planes(), self.flat_planes(), strict=True):
            if target.stride == source.stride:
                copy_plane(target.pixels, source.pixels)
            else:
                both = slice(min(target.stride, source.stride))
                target.rows()[:, both] = source.rows()[:, both]
        return copied


class Converter:
    """Converts and scales pictures, for one thread at a time; the pictures may be shared.

    It keeps the swscale setup for a size and colour. ``Picture.rgb`` sets swscale up anew for
    every picture, at several times the cost of the conversion.
    """

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def rgb(self, picture: Picture) -> NDArray[np.uint8]:
        """Return the same as ``picture.rgb()``, uint8 of shape ``(height, width, 3)``."""
        # Not "gbrp", which the model needs: swscale gets its last columns wrong when the width is
        # 2 to 8 more than a multiple of 16 (FFmpeg 8.1).
        frame = self._reformatter.reformat(picture.frame, format="rgb24", threads=1)
        (plane,) = frame.planes
        return FlatPlane.of(plane).rows()[:, : 3 * frame.width].reshape(frame.height, -1, 3)

    def scaled(self, picture: Picture, width: int, height: int) -> av.VideoFrame:
        """Return a frame of the picture, scaled to ``width`` by ``height``, px."""
        frame = self._reformatter.reformat(picture.frame, width=width, height=height, threads=1)
        frame.pts, frame.time_base = picture.pts, TICK
        copy_colour(picture.frame, frame)
        return frame
