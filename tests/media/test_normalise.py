from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache

import av
import numpy as np
import numpy.typing as npt
import pytest

from streamlab.core.mp4.display_matrix import Orientation
from streamlab.errors import SourceFormatError
from streamlab.media.colour import BT709, SMPTE170M, copy_colour
from streamlab.media.normalise import Normaliser
from streamlab.media.picture import Converter, Picture
from streamlab.street.scene import Street

Rgb = npt.NDArray[np.uint8]
MPEG, JPEG = 1, 2
UPRIGHT: dict[Orientation, Callable[[Rgb], Rgb]] = {
    Orientation.UPRIGHT: lambda stored: stored,
    Orientation.TURNED_RIGHT: lambda stored: np.rot90(stored, -1),
    Orientation.TURNED_OVER: lambda stored: np.rot90(stored, 2),
    Orientation.TURNED_LEFT: lambda stored: np.rot90(stored, 1),
    Orientation.MIRRORED: np.fliplr,
    Orientation.FLIPPED: np.flipud,
    Orientation.TRANSPOSED: lambda stored: stored.T,
    Orientation.ANTITRANSPOSED: lambda stored: np.rot90(stored, 2).T,
}


@cache
def drawn(number: int, width: int, height: int) -> Rgb:
    return Street(width, height).draw(number)


def street(number: int = 0, width: int = 320, height: int = 180) -> av.VideoFrame:
    return Picture.from_planes(drawn(number, width, height), number * 3000).frame


def gradient(width: int, height: int) -> Rgb:
    """Return strong colours without edges, so that halving the chroma changes nothing."""
    x, y = np.linspace(30, 220, width), np.linspace(220, 30, height)
    return np.stack(np.broadcast_arrays(x, y[:, None], x[::-1]), axis=2).astype(np.uint8)


def in_format(name: str, matrix: int, colour_range: int, height: int = 180) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(gradient(height * 16 // 9, height), format="rgb24").reformat(
        format=name, dst_colorspace=matrix, dst_color_range=colour_range
    )
    frame.colorspace, frame.color_range = matrix, colour_range
    frame.color_primaries = frame.color_trc = 2
    return frame


def normalise(frame: av.VideoFrame, **geometry: object) -> av.VideoFrame:
    ((_, made),) = Normaliser().receive_frame(frame, **geometry)  # type: ignore[arg-type]
    return made


def luma(frame: av.VideoFrame) -> Rgb:
    return Picture(frame, 0).planes()[0].copy()


@pytest.mark.parametrize("orientation", Orientation)
def test_a_turned_or_mirrored_picture_comes_upright(orientation: Orientation) -> None:
    made = normalise(street(), orientation=orientation)
    np.testing.assert_array_equal(luma(made), UPRIGHT[orientation](luma(street())))


@pytest.mark.parametrize("matrix", [BT709, SMPTE170M])
@pytest.mark.parametrize("colour_range", [MPEG, JPEG])
@pytest.mark.parametrize(
    "name", ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "nv12", "yuyv422"]
)
def test_colours_of_every_format_are_kept(name: str, colour_range: int, matrix: int) -> None:
    frame = in_format(name, matrix, colour_range)
    made = normalise(frame)
    assert (made.format.name, made.color_range, made.colorspace) == (
        "yuv420p",
        colour_range,
        matrix,
    )
    expected = Picture(in_format("yuv420p", matrix, colour_range), 0).planes()
    for plane, values in zip(Picture(made, 0).planes(), expected, strict=True):
        difference = np.abs(plane.astype(int) - values)
        assert np.percentile(difference, 99) <= 3
        assert abs(plane.mean() - values.mean()) < 1


@pytest.mark.parametrize("colour_range", [MPEG, JPEG])
def test_grey_keeps_its_levels(colour_range: int) -> None:
    frame = av.VideoFrame.from_ndarray(luma(street()), format="gray")
    frame.color_range = colour_range
    np.testing.assert_allclose(luma(normalise(frame)), luma(street()), atol=1)


@pytest.mark.parametrize("name", ["rgb24", "gbrp", "bgra"])
def test_rgb_is_shown_in_its_colours(name: str) -> None:
    expected = Picture(street(), 0).rgb().astype(int)
    frame = av.VideoFrame.from_ndarray(expected.astype(np.uint8), format="rgb24")
    made = Picture(normalise(frame.reformat(format=name)), 0).rgb().astype(int)
    assert np.abs(made.mean((0, 1)) - expected.mean((0, 1))).max() < 1.5


@pytest.mark.parametrize(("height", "matrix"), [(180, SMPTE170M), (720, BT709)])
def test_a_source_that_says_nothing_is_described_by_its_size(height: int, matrix: int) -> None:
    frame = in_format("yuv420p", 2, 0, height)
    made = normalise(frame)
    assert made is frame  # a picture that is right costs nothing
    assert (made.color_range, made.colorspace, made.color_primaries) == (MPEG, matrix, matrix)


def test_non_square_pixels_are_made_square() -> None:
    made = normalise(street(0, 704, 480), shape=Fraction(40, 33))
    assert (made.width, made.height) == (854, 480)


@pytest.mark.parametrize(
    ("size", "max_height", "made_size"),
    [
        ((640, 360), 180, (320, 180)),
        ((640, 360), 360, (640, 360)),
        ((640, 360), 361, (640, 360)),
        ((640, 360), 121, (214, 120)),
        ((322, 182), 120, (212, 120)),
    ],
)
def test_a_picture_that_is_too_high_is_scaled_down(
    size: tuple[int, int], max_height: int, made_size: tuple[int, int]
) -> None:
    normaliser = Normaliser(max_height)
    ((_, made),) = normaliser.receive_frame(street(0, *size))
    assert (made.width, made.height) == made_size
    assert ("higher than max_height" in normaliser.objection) is (size != made_size)
    before, after = luma(street(0, *size)), luma(made)
    assert abs(before.mean() - after.mean()) < 1


def test_the_height_is_that_of_the_upright_picture() -> None:
    ((_, made),) = Normaliser(160).receive_frame(street(), None, Orientation.TURNED_LEFT)
    assert (made.width, made.height) == (90, 160)
    ((_, wide),) = Normaliser(160).receive_frame(street(0, 320, 160), Fraction(2))
    assert (wide.width, wide.height) == (640, 160)


def test_an_absurd_pixel_shape_is_ignored() -> None:
    assert normalise(street(), shape=Fraction(1, 4000)).width == 320


def test_a_small_picture_is_refused() -> None:
    with pytest.raises(SourceFormatError, match="16x16"):
        list(Normaliser().receive_frame(av.VideoFrame(16, 16, "yuv420p")))


def test_frames_keep_their_order_when_the_size_changes() -> None:
    normaliser = Normaliser()
    sizes = [(320, 180), (321, 181), (321, 181), (640, 360)]
    made = [
        made
        for width, height in sizes
        for _, made in normaliser.receive_frame(street(0).reformat(width, height))
    ]
    assert [(each.width, each.height) for each in made] == [(w & ~1, h & ~1) for w, h in sizes]


def test_a_picture_loses_its_colours_in_no_copy() -> None:
    frame = in_format("yuv420p", BT709, JPEG)
    picture = Picture(normalise(frame), 0)
    for copied in (picture.copy().frame, Converter().scaled(picture, 160, 90)):
        other = av.VideoFrame(160, 90, "yuv420p")
        copy_colour(copied, other)
        assert (other.color_range, other.colorspace) == (JPEG, BT709)
        assert (other.color_primaries, other.color_trc) == (BT709, BT709)
