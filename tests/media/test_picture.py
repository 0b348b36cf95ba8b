from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
from numpy.typing import NDArray

from streamlab.media.picture import TICK, Picture
from streamlab.media.street import Street

TIMES = 50


def test_threads_that_convert_one_picture_do_not_disturb_each_other() -> None:
    pixels = Street(640, 360).draw(100)
    alone = Picture.from_planes(pixels, 0)
    rgb, low = alone.rgb(), alone.scaled(320, 180).to_ndarray()
    together = Barrier(2, timeout=120)

    def to_rgb(picture: Picture) -> NDArray[np.uint8]:
        together.wait()
        return picture.rgb()

    def to_low(picture: Picture) -> NDArray[np.uint8]:
        together.wait()
        return picture.scaled(320, 180).to_ndarray().astype(np.uint8, copy=False)

    with ThreadPoolExecutor(2) as threads:
        for _ in range(TIMES):
            picture = Picture.from_planes(pixels, 0)
            answers = [threads.submit(convert, picture) for convert in (to_rgb, to_low)]
            for answer, expected in zip(answers, (rgb, low), strict=True):
                np.testing.assert_array_equal(answer.result(), expected)


def test_a_scaled_frame_keeps_its_pts() -> None:
    frame = Picture.from_planes(Street(640, 360).draw(0), 4500).scaled(320, 180)
    assert (frame.width, frame.height) == (320, 180)
    assert (frame.pts, frame.time_base) == (4500, TICK)
