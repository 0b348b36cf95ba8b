from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.detect.letterbox import GREY, Letterbox, ModelInput, fit

from .pictures import noise_picture

SIDES = st.integers(16, 4096)
SIZES = st.tuples(SIDES, SIDES)


@pytest.mark.parametrize(
    ("picture", "scaled", "offset"),
    [
        ((640, 360), (640, 360), (0, 140)),
        ((1920, 1080), (640, 360), (0, 140)),
        ((768, 432), (640, 360), (0, 140)),
        ((320, 240), (640, 480), (0, 80)),
        ((360, 640), (360, 640), (140, 0)),
        ((640, 361), (640, 361), (0, 139)),
    ],
)
def test_a_picture_is_centred_in_a_square_input(
    picture: tuple[int, int], scaled: tuple[int, int], offset: tuple[int, int]
) -> None:
    letterbox = fit(picture, (640, 640))
    assert (letterbox.scaled_size, letterbox.offset) == (scaled, offset)


def test_a_dynamic_input_keeps_the_aspect_ratio_in_whole_strides() -> None:
    assert fit((1920, 1080), (640, 640), 32).input_size == (640, 384)
    assert fit((1080, 1920), (640, 640), 32).input_size == (384, 640)
    assert fit((640, 640), (640, 640), 32).input_size == (640, 640)


@given(SIZES, SIZES)
def test_the_scaled_picture_lies_inside_the_input(
    picture: tuple[int, int], size: tuple[int, int]
) -> None:
    letterbox = fit(picture, size)
    for whole, part, before in zip(
        letterbox.input_size, letterbox.scaled_size, letterbox.offset, strict=True
    ):
        after = whole - part - before
        assert 0 <= before <= after <= before + 1


@given(SIZES, SIZES)
def test_a_dynamic_input_wastes_less_than_a_stride(
    picture: tuple[int, int], size: tuple[int, int]
) -> None:
    letterbox = fit(picture, size, 32)
    for whole, part in zip(letterbox.input_size, letterbox.scaled_size, strict=True):
        assert whole % 32 == 0
        assert whole - part < 32


@given(SIZES, st.integers(4, 40).map(lambda n: 32 * n), st.booleans(), st.data())
def test_a_box_comes_back_where_it_was(
    picture: tuple[int, int], side: int, dynamic: bool, data: st.DataObject
) -> None:
    letterbox = fit(picture, (side, side), 32 if dynamic else None)
    width, height = picture
    x1, y1 = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    x2, y2 = data.draw(st.integers(x1, width)), data.draw(st.integers(y1, height))
    box = np.array([[x1, y1, x2, y2]], np.float32)
    inside = box * np.tile(letterbox.gains, 2) + np.tile(letterbox.offset, 2)
    np.testing.assert_allclose(letterbox.restore(inside.astype(np.float32)), box, atol=0.05)


def test_boxes_are_clipped_to_the_picture() -> None:
    letterbox = fit((640, 360), (640, 640))
    boxes = letterbox.restore(np.array([[-5, 0, 700, 640]], np.float32))
    assert boxes.tolist() == [[0, 0, 640, 360]]


def test_the_margin_is_grey_and_the_picture_unscaled_pixels_are_kept() -> None:
    rgb = np.random.default_rng(1).integers(0, 256, (36, 64, 3), np.uint8)
    tensor = _filled(fit((64, 36), (64, 64)), rgb)
    assert (tensor[:, :14] == np.float32(GREY) / np.float32(255)).all()
    assert (tensor[:, 50:] == np.float32(GREY) / np.float32(255)).all()
    expected = rgb.transpose(2, 0, 1).astype(np.float32) / 255
    np.testing.assert_array_equal(tensor[:, 14:50], expected)


def test_a_larger_picture_is_scaled_down() -> None:
    rgb = np.full((72, 128, 3), (200, 100, 50), np.uint8)
    tensor = _filled(fit((128, 72), (64, 64)), rgb)
    np.testing.assert_allclose(tensor[:, 32, 32] * 255, (200, 100, 50), rtol=1e-6)


def _filled(
    letterbox: Letterbox, rgb: np.typing.NDArray[np.uint8]
) -> np.typing.NDArray[np.float32]:
    width, height = letterbox.input_size
    tensor = np.zeros((3, height, width), np.float32)
    letterbox.fill(rgb, tensor)
    return tensor


def test_yolox_has_the_picture_in_the_upper_left_corner() -> None:
    letterbox = fit((640, 360), (64, 64), placement="corner")
    assert (letterbox.scaled_size, letterbox.offset) == ((64, 36), (0, 0))
    tensor = np.empty((3, 64, 64), np.float32)
    letterbox.fill(np.full((360, 640, 3), (10, 20, 30), np.uint8), tensor, bgr_255=True)
    assert tensor[:, 35, 63].tolist() == [30, 20, 10]
    assert tensor[:, 36, 0].tolist() == [GREY] * 3


def test_rtdetr_has_the_picture_stretched() -> None:
    letterbox = fit((640, 360), (64, 64), 32, "stretch")
    assert (letterbox.scaled_size, letterbox.input_size) == ((64, 64), (64, 64))
    restored = letterbox.restore(np.array([[16, 16, 32, 64]], np.float32))
    np.testing.assert_allclose(restored, [[160, 90, 320, 360]])


def test_integers_are_not_scaled() -> None:
    tensor = np.empty((3, 8, 8), np.uint8)
    fit((8, 8), (8, 8)).fill(np.full((8, 8, 3), (10, 20, 30), np.uint8), tensor)
    assert tensor[:, 0, 0].tolist() == [10, 20, 30]


def test_a_very_flat_picture_keeps_a_row() -> None:
    letterbox = fit((4000, 2), (64, 64))
    letterbox.fill(np.zeros((2, 4000, 3), np.uint8), np.empty((3, 64, 64), np.float32))
    assert letterbox.scaled_size == (64, 1)


def test_a_kept_input_holds_nothing_of_earlier_batches() -> None:
    kept = ModelInput(None, np.float32, bgr_255=False)
    shapes = [[(64, 36)], [(36, 64), (64, 36)], [(64, 36), (64, 36)], [(128, 48)], [(64, 36)]]
    for number, batch in enumerate(shapes):
        pictures = [noise_picture(*size, seed=number) for size in batch]
        letterboxes = [fit(size, (64, 64)) for size in batch]
        tensor = kept.fill(pictures, letterboxes)
        assert tensor.shape == (len(batch), 3, 64, 64)
        for filled, picture, letterbox in zip(tensor, pictures, letterboxes, strict=True):
            np.testing.assert_array_equal(filled, _filled(letterbox, picture.rgb()))


def test_a_model_with_a_batch_of_its_own_gets_it() -> None:
    kept = ModelInput(4, np.float16, bgr_255=True)
    assert kept.fill([noise_picture(8, 8)], [fit((8, 8), (8, 8))]).shape == (4, 3, 8, 8)
