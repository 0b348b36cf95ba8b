from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from threading import Barrier

import numpy as np
from numpy.typing import NDArray

from streamlab.core.channels import ChannelKey, ChannelType, QualityLevel
from streamlab.media.encode import Encoder
from streamlab.media.picture import TICK, Converter, Picture
from streamlab.street.scene import Street

TIMES = 50


def test_threads_that_convert_one_picture_do_not_disturb_each_other() -> None:
    pixels = Street(640, 360).draw(100)
    alone = Picture.from_planes(pixels, 0)
    rgb, low = alone.rgb(), Converter().scaled(alone, 320, 180).to_ndarray()
    together = Barrier(2, timeout=120)

    def to_rgb(picture: Picture) -> NDArray[np.uint8]:
        together.wait()
        return picture.rgb()

    def to_low(picture: Picture) -> NDArray[np.uint8]:
        together.wait()
        return Converter().scaled(picture, 320, 180).to_ndarray().astype(np.uint8, copy=False)

    with ThreadPoolExecutor(2) as threads:
        for _ in range(TIMES):
            picture = Picture.from_planes(pixels, 0)
            answers = [threads.submit(convert, picture) for convert in (to_rgb, to_low)]
            for answer, expected in zip(answers, (rgb, low), strict=True):
                np.testing.assert_array_equal(answer.result(), expected)


def test_a_kept_converter_gives_the_rgb_of_every_size_and_colour() -> None:
    converter, pixels = Converter(), Street(640, 360).draw(100)
    for width, height, matrix, colour_range in (
        (64, 36, 6, 1),
        (64, 36, 6, 1),
        (64, 36, 1, 1),
        (64, 36, 1, 2),
        (50, 22, 6, 2),
        (64, 36, 6, 1),
    ):
        picture = Picture.from_planes(pixels[: height * 3 // 2, :width], 0)
        picture.frame.colorspace, picture.frame.color_range = matrix, colour_range
        np.testing.assert_array_equal(converter.rgb(picture), picture.rgb())


def test_a_scaled_frame_keeps_its_pts() -> None:
    picture = Picture.from_planes(Street(640, 360).draw(0), 4500)
    frame = Converter().scaled(picture, 320, 180)
    assert (frame.width, frame.height) == (320, 180)
    assert (frame.pts, frame.time_base) == (4500, TICK)


def test_a_copy_may_take_the_memory_of_a_picture_that_is_done_with() -> None:
    street = Street(640, 360)
    first, second = (Picture.from_planes(street.draw(n), n * 3000) for n in (0, 5))
    done_with = first.copy()
    again = second.copy(done_with)
    assert again is done_with
    assert (again.pts, again.frame.pts) == (15_000, 15_000)
    for plane, expected in zip(again.planes(), second.planes(), strict=True):
        np.testing.assert_array_equal(plane, expected)
    small = Picture.from_planes(Street(320, 180).draw(0), 0)
    assert small.copy(done_with) is not done_with


def test_an_encoder_keeps_no_reference_to_the_memory_of_a_picture() -> None:
    street, key = Street(640, 360), ChannelKey(ChannelType.ANNOTATED, QualityLevel.MEDIUM)
    pictures = [Picture.from_planes(street.draw(number), number * 3000) for number in range(20)]
    anew, reused = (Encoder(key, pictures[0], Fraction(30)) for _ in range(2))
    canvas = None
    for picture in pictures:
        first = picture.pts == 0
        canvas = picture.copy(canvas)
        data = reused.encode(canvas, keyframe=first)
        for plane in canvas.planes():
            plane[:] = 0
        assert data == anew.encode(picture, keyframe=first)
