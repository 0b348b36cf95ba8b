"""Decoded frames of any kind, made upright 8-bit 4:2:0 of even size with square pixels.

FFmpeg's filters do it, set up for the kind of frame that arrives. A frame that is right already
only gets the description of its colours. No value is converted to another range or matrix,
unless it is RGB.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple, cast

import av
from av.error import BlockingIOError as NothingYet
from av.error import EOFError as Drained
from av.filter import Graph
from av.sidedata.sidedata import SideData, Type

from streamlab.core.display_matrix import Orientation, orientation_of
from streamlab.errors import SourceFormatError
from streamlab.media.colour import BT709, Colour

MIN_SIDE_PX = 32
MAX_SHAPE = 8  # a pixel that is said to be longer than this is taken as square
# Not by vflip, which counts rows backwards (a negative line size) instead of moving them.
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


class _Kind(NamedTuple):
    """What the filters depend on."""

    width: int
    height: int
    format: str
    colour: Colour
    orientation: Orientation
    shape: Fraction
    interlaced: bool

    @property
    def objection(self) -> str:
        if self.orientation is not Orientation.UPRIGHT:
            return "the camera's picture is stored rotated or mirrored"
        if self.shape != 1:
            return "the camera's pixels are not square"
        if self.interlaced:
            return "the camera's picture is interlaced"
        if self.width % 2 or self.height % 2:
            return "the camera's picture has an odd width or height"
        if self.format not in ("yuv420p", "yuvj420p"):
            return "the camera's picture is not 8-bit 4:2:0"
        return ""


class Normaliser:
    """Makes the frames of one opened stream alike.

    A progressive frame comes back at once. An interlaced one waits for the next, which its
    deinterlacer looks at; from the first interlaced frame on, all do.
    """

    def __init__(self) -> None:
        self.objection = ""
        """Why the frame last received is not shown as its stream stores it, or ''."""
        self._kind: _Kind | None = None
        self._graph: Graph | None = None
        self._waiting: deque[av.VideoFrame] = deque()

    def receive_frame(
        self,
        frame: av.VideoFrame,
        shape: Fraction | None = None,
        orientation: Orientation = Orientation.UPRIGHT,
    ) -> Iterator[tuple[av.VideoFrame, av.VideoFrame]]:
        """Yield decoded frames, each with what was made of it, in order.

        ``shape`` is the width of a pixel over its height. Raises SourceFormatError when the
        picture is too small.
        """
        deinterlacing = self._kind is not None and self._kind.interlaced
        kind = _kind(frame, shape, orientation, interlaced=frame.interlaced_frame or deinterlacing)
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
        """Yield the frames that still wait, at the end of a stream."""
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
    """Return what has to be done to a decoded frame. Raises SourceFormatError at odd angles."""
    for data in cast("Iterable[SideData]", frame.side_data):
        if data.type is Type.DISPLAYMATRIX:
            return orientation_of(bytes(data))
    return Orientation.UPRIGHT


def _kind(
    frame: av.VideoFrame, shape: Fraction | None, orientation: Orientation, *, interlaced: bool
) -> _Kind:
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
    width = max(2, round(width * kind.shape / 2) * 2)
    if kind.format.startswith("gray"):
        levels = "pc"  # swscale takes grey as full range, come what may: copy its levels
    ranges = f"out_range={levels}" if is_rgb else f"in_range={levels}:out_range={levels}"
    matrix = f":out_color_matrix={_rgb_matrix(kind.colour)}" if is_rgb else ""
    yield "scale", f"{width}:{height}:flags=bicubic+accurate_rnd:{ranges}{matrix}"
    yield "format", "yuv420p"
    yield from _TURNS[kind.orientation]
    yield "buffersink", ""


def _rgb_matrix(colour: Colour) -> str:
    return "bt709" if colour.matrix == BT709 else "smpte170m"
