from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.core.channels import ChannelKey, ChannelType, QualityLevel
from streamlab.core.nal import IDR, SLICE, nal_type, split_length_prefixed
from streamlab.media.encode import Encoder, encoded_size_px
from streamlab.media.normalise import normalise
from streamlab.media.picture import Picture
from streamlab.media.street import Street

STREET = Street(320, 180)


def picture(number: int) -> Picture:
    return Picture.from_planes(STREET.draw(number), number * 3000)


@pytest.mark.parametrize("quality", list(QualityLevel))
def test_keyframes_fall_where_they_are_asked_for_and_nowhere_else(quality: QualityLevel) -> None:
    encoder = Encoder(ChannelKey(ChannelType.RAW, quality), picture(0), Fraction(30))
    for number in range(40):
        keyframe = number in (0, 7, 31)
        nals = list(split_length_prefixed(encoder.encode(picture(number), keyframe=keyframe), 4))
        assert {nal_type(nal) for nal in nals} == {IDR if keyframe else SLICE}


@given(st.integers(32, 4096), st.integers(32, 2304), st.sampled_from(list(QualityLevel)))
def test_encoded_sizes_are_even_and_never_grow(
    width: int, height: int, quality: QualityLevel
) -> None:
    made = encoded_size_px(width, height, quality)
    assert all(side % 2 == 0 for side in made)
    assert made[0] <= width + 1
    assert made[1] <= height + 1


def test_qualities_scale() -> None:
    sizes = [encoded_size_px(1920, 1080, quality) for quality in QualityLevel]
    assert sizes == [(640, 360), (1280, 720), (1920, 1080), (1920, 1080)]


def test_a_copy_is_drawn_on_without_harm() -> None:
    original = picture(3)
    before = original.planes()[0].copy()
    copy = original.copy()
    copy.planes()[0][:] = 0
    assert np.array_equal(original.planes()[0], before)
    assert copy.pts == original.pts


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_turned_picture_comes_upright(turn: int) -> None:
    frame = picture(0).frame
    turned = Picture(normalise(frame, turn), 0).planes()[0]
    assert np.array_equal(np.rot90(turned, -turn // 90), picture(0).planes()[0])
