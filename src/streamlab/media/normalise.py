"""Converts decoded frames to upright 8-bit 4:2:0 of even size with square pixels.

FFmpeg's filters do the work, set up for the kind of frame that arrives. A frame that already fits
only gets its colours described. Values are never converted to another range or matrix, unless they
are RGB.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from math import ceil, isqrt
from typing import NamedTuple

import av
from av.error import BlockingIOError as NothingYet
from av.error import EOFError as Drained
from av.filter import Graph
from av.sidedata.sidedata import SideDataContainer, Type

from streamlab.core.mp4.display_matrix import Orientation, orientation_of
from streamlab.errors import SourceFormatError
from streamlab.media.colour import BT709, Colour
from streamlab.media.limits import MAX_PIXELS, check_pixels

MIN_SIDE_PX = 32
MAX_SHAPE = 8  # pixels claimed to be more elongated than this are taken as square
# Not vflip, which reverses the rows by a negative line size instead of moving them.
_TURNS: dict[Orientation, tuple[tuple[str, str], ...]] = {
    Orientation.UPRIGHT: (),
    Orientation.TURNED_RIGHT: (("transpose", "clock"),),
    Orientation.TURNED_OVER: (("transpose", "clock"), ("transpose", "clock")),
    Orientation.TURNED_LEFT: (("transpose", "cclock"),),
    Orientation.MIRRORED: (("hflip", ""),),
    Orientation.FLIPPED: (("transpose", "cclock_flip"), ("transpose", "cclock")),
    Orientation.TRANSPOSED: (("transpose", "cclock_flip"),),
    Orientation.ANTITRANSPOSED: (("transpose", "clock_flip"),),
}

_ROTATIONS = {  # degrees counterclockwise
    90: Orientation.TURNED_LEFT,
    -90: Orientation.TURNED_RIGHT,
    180: Orientation.TURNED_OVER,
    -180: Orientation.TURNED_OVER,
}


class _Kind(NamedTuple):
    """What the filters depend on."""

    width: int
    height: int
    format: str
    colour: Colour
    orientation: Orientation
    shape: Fraction
    interlaced: bool
    max_height_px: int | None
    max_pixels: int

    @property
    def scale(self) -> Fraction:
        """Scale factor, at most 1."""
        shown_px = ceil(self.width * self.shape) * self.height
        if shown_px <= self.max_pixels:  # as decoded it is smaller: its pixels are wide
            return self._scale_by_height
        most_px = self.max_pixels - self.max_pixels // 16  # sides are rounded to even numbers
        return min(self._scale_by_height, Fraction(isqrt(most_px), isqrt(shown_px) + 1))

    @property
    def _scale_by_height(self) -> Fraction:
        height = self.width * self.shape if self.orientation.swaps_sides else Fraction(self.height)
        limit = self.max_height_px and self.max_height_px & ~1
        return min(Fraction(1), limit / height) if limit else Fraction(1)

    @property
    def objection(self) -> str:
        too_high = f"the camera's picture is higher than max_height, {self.max_height_px} px"
        objections = {
            too_high: self._scale_by_height < 1,
            "the camera's picture is stored rotated or mirrored": (
                self.orientation is not Orientation.UPRIGHT
            ),
            "the camera's pixels are not square": self.shape != 1,
            "the camera's picture is interlaced": self.interlaced,
            "the camera's picture has an odd width or height": self.width % 2 or self.height % 2,
            "the camera's picture is not 8-bit 4:2:0": self.format not in ("yuv420p", "yuvj420p"),
        }
        return next((what for what, applies in objections.items() if applies), "")


class Normaliser:
    """Normalises the frames of one open stream.

    A progressive frame is returned at once. An interlaced one is held until the next arrives, which
    the deinterlacer needs; from the first interlaced frame on, every frame is.
    """

    def __init__(self, max_height_px: int | None = None, max_pixels: int = MAX_PIXELS) -> None:
        """Normalise nothing yet.

        Args:
            max_height_px: frames that are taller when shown are scaled down to it.
            max_pixels: larger frames are refused.
        """
        self._limits = max_height_px, max_pixels
        self.objection = ""
        """Why the frame last received is not shown as stored, or ''."""
        self._kind: _Kind | None = None
        self._graph: Graph | None = None
        self._waiting: deque[av.VideoFrame] = deque()

    def receive_frame(
        self,
        frame: av.VideoFrame,
        shape: Fraction | None = None,
        orientation: Orientation = Orientation.UPRIGHT,
    ) -> Iterator[tuple[av.VideoFrame, av.VideoFrame]]:
        """Yield pairs of a decoded frame and its normalised frame, in order.

        ``shape`` is the width of a pixel divided by its height. Raises SourceFormatError if the
        frame is too small or too large.
        """
        deinterlacing = self._kind is not None and self._kind.interlaced
        interlaced = frame.interlaced_frame or deinterlacing
        kind = _kind(frame, shape, orientation, interlaced, self._limits)
        if kind != self._kind:
            yield from self.flush()
            self._kind, self.objection = kind, kind.objection
            self._graph = _graph(kind) if kind.objection or kind.format != "yuv420p" else None
        kind.colour.describe(frame)
        if self._graph is None:
            yield frame, frame
            return
        self._waiting.append(frame)
        self._graph.push(frame)
        yield from self._drain(self._graph)

    def flush(self) -> Iterator[tuple[av.VideoFrame, av.VideoFrame]]:
        """Yield the frames that are still held, at the end of a stream."""
        if self._graph is not None:
            self._graph.push(None)
            yield from self._drain(self._graph)
        self._waiting.clear()
        self._graph = self._kind = None

    def _drain(self, graph: Graph) -> Iterator[tuple[av.VideoFrame, av.VideoFrame]]:
        assert self._kind is not None
        while self._waiting:
            try:
                made = graph.pull()
            except (NothingYet, Drained):
                return
            assert isinstance(made, av.VideoFrame)
            self._kind.colour.describe(made)
            yield self._waiting.popleft(), made


def stored_orientation(frame: av.VideoFrame) -> Orientation:
    """Return the transform that makes a decoded frame upright.

    Raises SourceFormatError if it is not rotated by a multiple of 90 degrees.
    """
    try:
        # Not `frame.side_data`: in PyAV 17 and 18 it and the frame refer to each other, so the
        # pixels wait for the garbage collector. Iterating it yields other things in PyAV 19.
        matrix = SideDataContainer(frame).get(Type.DISPLAYMATRIX)  # type: ignore[call-arg]
    except ValueError:  # PyAV 18 fails on side data that it has no name for, such as EXIF
        return _ROTATIONS.get(frame.rotation, Orientation.UPRIGHT)
    return Orientation.UPRIGHT if matrix is None else orientation_of(bytes(matrix))


def _kind(
    frame: av.VideoFrame,
    shape: Fraction | None,
    orientation: Orientation,
    interlaced: bool,
    limits: tuple[int | None, int],
) -> _Kind:
    check_pixels(frame.width, frame.height, limits[1])
    if min(frame.width, frame.height) < MIN_SIDE_PX:
        raise SourceFormatError(
            f"the picture is {frame.width}x{frame.height} px",
            hint=f"A side must be at least {MIN_SIDE_PX} px.",
        )
    return _Kind(
        frame.width,
        frame.height,
        frame.format.name,
        Colour.of(frame),
        orientation,
        shape if shape and Fraction(1, MAX_SHAPE) <= shape <= MAX_SHAPE else Fraction(1),
        interlaced,
        *limits,
    )


def _graph(kind: _Kind) -> Graph:
    graph = Graph()
    filters = [graph.add(name, arguments) for name, arguments in _filters(kind)]
    for source, target in pairwise(filters):
        source.link_to(target)
    graph.configure()
    return graph


def _filters(kind: _Kind) -> Iterator[tuple[str, str]]:
    levels = "pc" if kind.colour.full_range else "tv"
    is_rgb = av.VideoFormat(kind.format).is_rgb or kind.format.startswith("pal")
    described = "" if is_rgb else f":colorspace={kind.colour.matrix}:range={levels}"
    size = f"{kind.width}x{kind.height}"
    yield "buffer", f"video_size={size}:pix_fmt={kind.format}:time_base=1/90000{described}"
    if kind.interlaced:
        yield "yadif", "mode=send_frame:deint=interlaced"
    width, height = kind.width & ~1, kind.height & ~1
    if (width, height) != (kind.width, kind.height):
        yield "crop", f"{width}:{height}:0:0:exact=1"
    width, height = _even(width * kind.shape * kind.scale), _even(height * kind.scale)
    if kind.format.startswith("gray"):
        levels = "pc"  # swscale always takes grey as full range: copy its levels
    ranges = f"out_range={levels}" if is_rgb else f"in_range={levels}:out_range={levels}"
    matrix = f":out_color_matrix={_rgb_matrix(kind.colour)}" if is_rgb else ""
    method = "area" if kind.scale < 1 else "bicubic"  # area: half the CPU, and no aliasing
    yield "scale", f"{width}:{height}:flags={method}+accurate_rnd:{ranges}{matrix}"
    yield "format", "yuv420p"
    yield from _TURNS[kind.orientation]
    yield "buffersink", ""


def _even(length_px: Fraction) -> int:
    return max(2, round(length_px / 2) * 2)


def _rgb_matrix(colour: Colour) -> str:
    return "bt709" if colour.matrix == BT709 else "smpte170m"
