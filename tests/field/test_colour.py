"""The colours of a source in what is delivered: every range, matrix and pixel format.

What is expected is computed here from RGB, by the formulas of ITU-T H.273 (8.3), and not by FFmpeg.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest

from streamlab.core.channels import ChannelKey, QualityLevel
from tests.fakes import h264_streams
from tests.fakes.h264_streams import Piece

from .delivered import BOX, SOURCE, Delivered, annotated, deliver, plane, raw

Rgb = npt.NDArray[np.uint8]
Values = npt.NDArray[np.float64]

MPEG, JPEG = 1, 2
BT709, UNSPECIFIED, BT470BG, SMPTE170M = 1, 2, 5, 6
LUMA_WEIGHTS = {BT709: (0.2126, 0.0722), BT470BG: (0.299, 0.114), SMPTE170M: (0.299, 0.114)}
"""Of red and blue."""
FRAMES = 3
TOLERANCE = 4  # of 255
RAW, ANNOTATED = raw(QualityLevel.HIGH), annotated(QualityLevel.HIGH)
LOW = raw(QualityLevel.LOW)


@dataclass(frozen=True)
class Kind:
    """A source: its encoder, and what it says of its colours and how they are to be read."""

    suffix: str
    codec: str
    pixels: str
    range_said: int = MPEG
    matrix_said: int = SMPTE170M
    height: int = 180
    full_range: bool = False
    matrix: int = SMPTE170M

    @property
    def width(self) -> int:
        return self.height * 16 // 9


def h264(range_said: int, matrix_said: int, **changes: int) -> Kind:
    matrix = matrix_said if matrix_said != UNSPECIFIED else SMPTE170M
    read = {"full_range": range_said == JPEG, "matrix": matrix} | changes
    return Kind(".mp4", "libx264", "yuv420p", range_said, matrix_said, **read)  # type: ignore[arg-type]


def lossless(pixels: str, range_said: int = MPEG, matrix: int = SMPTE170M) -> Kind:
    full = range_said == JPEG
    return Kind(".mkv", "ffv1", pixels, range_said, matrix, full_range=full, matrix=matrix)


def mjpeg(pixels: str) -> Kind:
    return Kind(".mkv", "mjpeg", pixels, JPEG, BT470BG, full_range=True, matrix=BT470BG)


KINDS = {
    "limited 601": h264(MPEG, SMPTE170M),
    "limited 709": h264(MPEG, BT709),
    "full 601": h264(JPEG, SMPTE170M),
    "full 709": h264(JPEG, BT709),
    "nothing said, SD": h264(0, UNSPECIFIED),
    "nothing said, HD": h264(0, UNSPECIFIED, height=720, matrix=BT709),
    "MJPEG 4:2:0": mjpeg("yuvj420p"),
    "MJPEG 4:2:2": mjpeg("yuvj422p"),
    "MJPEG 4:4:4": mjpeg("yuvj444p"),
    "10 bit": lossless("yuv420p10le", matrix=BT709),
    "10 bit, full": lossless("yuv420p10le", JPEG),
    "4:2:2": lossless("yuv422p"),
    "4:2:2, 10 bit": lossless("yuv422p10le", matrix=BT709),
    "4:4:4": lossless("yuv444p", matrix=BT709),
    "4:4:4, full": lossless("yuv444p", JPEG),
    "grey": lossless("gray"),
    "grey, full": lossless("gray", JPEG),
}
PASSED_THROUGH = [name for name, kind in KINDS.items() if kind.codec == "libx264"]


def gradient(kind: Kind) -> Rgb:
    """Return strong colours without edges, so that halving the chroma changes nothing."""
    x, y = np.linspace(30, 220, kind.width), np.linspace(220, 30, kind.height)
    red, green, blue = np.broadcast_arrays(x, y[:, None], x[::-1])
    if kind.pixels.startswith("gray"):
        green = blue = red
    return np.stack((red, green, blue), axis=2).astype(np.uint8)


def to_yuv(rgb: Rgb, kind: Kind) -> tuple[Values, Values, Values]:
    """Return Y, U and V of each pixel, 8 bit."""
    red, green, blue = (rgb[..., index] / 255.0 for index in range(3))
    of_red, of_blue = LUMA_WEIGHTS[kind.matrix]
    y = of_red * red + (1 - of_red - of_blue) * green + of_blue * blue
    u, v = (blue - y) / (2 - 2 * of_blue), (red - y) / (2 - 2 * of_red)
    if kind.full_range:
        return 255 * y, 128 + 255 * u, 128 + 255 * v
    return 16 + 219 * y, 128 + 224 * u, 128 + 224 * v


def halved(values: Values) -> Values:
    height, width = values.shape
    return np.asarray(values.reshape(height // 2, 2, width // 2, 2).mean((1, 3)))


def stored_planes(kind: Kind, rgb: Rgb) -> list[Values]:
    """Return the planes as the source's pixel format stores them."""
    y, u, v = to_yuv(rgb, kind)
    if kind.pixels.startswith("gray"):
        return [y]
    if "420" in kind.pixels:
        return [y, halved(u), halved(v)]
    if "422" in kind.pixels:
        return [y, *((each[:, ::2] + each[:, 1::2]) / 2 for each in (u, v))]
    return [y, u, v]


def write(path: Path, kind: Kind, rgb: Rgb) -> Path:
    frame = av.VideoFrame(kind.width, kind.height, kind.pixels)
    deep = "10" in kind.pixels
    for target, values in zip(frame.planes, stored_planes(kind, rgb), strict=True):
        numbers = np.round(values * 4 if deep else values).astype(np.uint16 if deep else np.uint8)
        rows = np.frombuffer(target, numbers.dtype).reshape(target.height, -1)  # type: ignore[call-overload]
        rows[:, : target.width] = numbers
    with av.open(str(path), "w") as container:
        stream = container.add_stream(kind.codec, rate=100)
        assert isinstance(stream, av.VideoStream)
        context = stream.codec_context
        context.width, context.height, context.pix_fmt = kind.width, kind.height, kind.pixels
        context.color_range, context.colorspace = kind.range_said, kind.matrix_said
        context.color_primaries = context.color_trc = UNSPECIFIED
        context.options = {
            "libx264": {"qp": "8", "tune": "zerolatency", "preset": "ultrafast"},
            "mjpeg": {"qmin": "1", "qmax": "1"},
        }.get(kind.codec, {})
        for number in range(FRAMES):
            frame.pts, frame.time_base = number, Fraction(1, 100)
            frame.color_range, frame.colorspace = kind.range_said, kind.matrix_said
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def p99(values: npt.NDArray[Any], expected: Values | Rgb) -> float:
    return float(np.percentile(np.abs(values.astype(float) - expected), 99))


def assert_shows(delivered: Delivered, key: ChannelKey, kind: Kind, rgb: Rgb) -> None:
    frames = delivered.frames(key)
    assert len(frames) == FRAMES
    y, u, v = to_yuv(rgb, kind)
    for frame in frames:
        assert (frame.color_range, frame.colorspace) == (1 + kind.full_range, kind.matrix)
        for index, expected in enumerate((y, halved(u), halved(v))):
            assert p99(plane(frame, index), expected) <= TOLERANCE


@pytest.mark.parametrize("name", KINDS)
def test_every_quality_and_channel_shows_the_colours_of_the_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    kind = KINDS[name]
    rgb = gradient(kind)
    path = write(tmp_path / f"colours{kind.suffix}", kind, rgb)
    delivered = deliver(monkeypatch, path, RAW, ANNOTATED, LOW, SOURCE)
    assert_shows(delivered, RAW, kind, rgb)
    assert_shows(delivered, SOURCE, kind, rgb)
    assert (set(delivered.details) == {""}) == (name in PASSED_THROUGH), delivered.details
    for frame, drawn in zip(delivered.frames(RAW), delivered.frames(ANNOTATED), strict=True):
        assert (drawn.color_range, drawn.colorspace) == (frame.color_range, frame.colorspace)
        assert_equal_outside_the_box(frame, drawn)
    for frame in delivered.frames(LOW):
        assert (frame.color_range, frame.colorspace) == (1 + kind.full_range, kind.matrix)
        shown = frame.to_ndarray(format="rgb24")
        assert p99(shown, half_size(rgb)) <= 2 * TOLERANCE
    for key in (RAW, SOURCE):
        for frame in delivered.frames_of_client(key):
            assert p99(frame.to_ndarray(format="rgb24"), rgb) <= 2 * TOLERANCE


def half_size(rgb: Rgb) -> Values:
    height, width, _ = rgb.shape
    return np.asarray(rgb.reshape(height // 2, 2, width // 2, 2, 3).mean((1, 3)))


def assert_equal_outside_the_box(frame: av.VideoFrame, drawn: av.VideoFrame) -> None:
    _, top, right, bottom = BOX
    for index in range(3):
        one, other = plane(frame, index).astype(float), plane(drawn, index).astype(float)
        step = 2 if index else 1
        outside = np.ones(one.shape, bool)
        outside[(top - 40) // step : (bottom + 16) // step, : (right + 80) // step] = False
        assert p99(one[outside], other[outside]) <= TOLERANCE
        assert index or np.abs(one - other)[~outside].max() > 15, "nothing is drawn"


BT709_PIECE = Piece(x264="colormatrix=bt709:colorprim=bt709:transfer=bt709")
FULL_PIECE = Piece(x264="fullrange=on:colormatrix=smpte170m")


@pytest.mark.parametrize("suffix", [".ts", ".mp4"])
def test_a_description_that_changes_in_mid_stream_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    pieces = (Piece(), BT709_PIECE, FULL_PIECE, BT709_PIECE)
    units = h264_streams.access_units(*pieces)
    path = h264_streams.write(tmp_path / f"colours{suffix}", units)
    delivered = deliver(monkeypatch, path, RAW, ANNOTATED, LOW, SOURCE)
    expected = [(MPEG, SMPTE170M), (MPEG, BT709), (JPEG, SMPTE170M), (MPEG, BT709)]
    for key in (RAW, ANNOTATED, LOW, SOURCE):
        told = [(frame.color_range, frame.colorspace) for frame in delivered.frames(key)]
        assert told == [colour for colour in expected for _ in range(pieces[0].frames)], key
    assert set(delivered.details) == {""}


def test_what_only_the_container_says_is_in_the_passed_through_sps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    units = h264_streams.access_units(Piece())
    path = h264_streams.write(tmp_path / "colr.mp4", units, matrix=BT709)
    assert b"colrnclx" in path.read_bytes()
    delivered = deliver(monkeypatch, path, SOURCE, RAW)
    assert set(delivered.details) == {""}
    for key in (SOURCE, RAW):
        assert {frame.colorspace for frame in delivered.frames_of_client(key)} == {BT709}


@pytest.mark.parametrize("first", [96, 97, 98], ids=["even", "odd", "even again"])
def test_chroma_edges_of_mjpeg_stay_where_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    """Resampled for another siting, chroma would move by a quarter of a sample."""
    kind = KINDS["MJPEG 4:2:0"]
    rgb = np.zeros((kind.height, kind.width, 3), np.uint8)
    rgb[...] = (30, 60, 200)
    rgb[30:130, first : first + 80] = (220, 60, 30)
    path = write(tmp_path / "edges.mkv", kind, rgb)
    with av.open(str(path)) as container:
        stored = next(container.decode(video=0))
        expected = [plane(stored, index).astype(float) for index in range(3)]
    delivered = deliver(monkeypatch, path, RAW)
    for frame in delivered.frames(RAW):
        for index, values in enumerate(expected):
            shown = plane(frame, index).astype(float)
            assert p99(shown, values) <= TOLERANCE
            assert abs(edge(shown[40]) - edge(values[40])) < 0.12


def edge(row: Values) -> float:
    """Return where a row leaves its first level, in samples: by the area under it."""
    half = row[: len(row) // 2 - 8]
    return float(((half - half[-1]) / (half[0] - half[-1])).sum())
