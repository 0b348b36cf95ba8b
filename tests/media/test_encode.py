from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.camera.channel_encoder import ChannelEncoder
from streamlab.camera.frame import CapturedFrame
from streamlab.core.channels import ChannelKey, ChannelType, QualityLevel
from streamlab.core.h264.nal import IDR, SLICE, nal_type, split_length_prefixed
from streamlab.core.mp4.fragment import Fragment, InitSegment
from streamlab.media.encode import PRESETS, Encoder, encoded_size_px
from streamlab.media.picture import Picture
from streamlab.street.scene import Street

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


def lane_of(fps: int) -> tuple[ChannelEncoder, list[InitSegment | Fragment]]:
    emitted: list[InitSegment | Fragment] = []
    encoder = ChannelEncoder(ChannelType.RAW, Fraction(fps), 0.0, emitted.append)
    encoder.wanted = frozenset({ChannelKey(ChannelType.RAW, QualityLevel.MEDIUM)})
    return encoder, emitted


def encode_all(encoder: ChannelEncoder, pictures: Iterable[Picture], gop: int) -> None:
    for number, each in enumerate(pictures):
        captured = CapturedFrame(each, 3000, number % gop == 0, 0, 0.0)
        encoder.encode(captured, each, None)


def test_an_encoder_of_a_noisy_picture_makes_way_for_a_bounded_one() -> None:
    noise = np.random.default_rng(1)
    pictures = (
        Picture.from_planes(noise.integers(0, 256, (270, 320), np.uint8), number * 3000)
        for number in range(40)
    )
    encoder, emitted = lane_of(10)
    encode_all(encoder, pictures, gop=10)
    first, second = (item for item in emitted if isinstance(item, InitSegment))
    assert first.init_id != second.init_id
    fragments = [item for item in emitted if isinstance(item, Fragment)]
    assert [each.sequence for each in fragments] == list(range(1, 41))
    assert [each.init_id for each in fragments] == [first.init_id] * 10 + [second.init_id] * 30
    assert fragments[10].keyframe
    bits_per_px = sum(len(each.data) for each in fragments[20:]) * 8 / 20 / (320 * 180)
    assert bits_per_px < 1.1 * PRESETS[QualityLevel.MEDIUM].max_bits_per_px
    assert encoder.bounded == 1


def test_an_encoder_of_a_calm_picture_stays() -> None:
    encoder, emitted = lane_of(10)
    encode_all(encoder, map(picture, range(60)), gop=10)
    assert sum(isinstance(item, InitSegment) for item in emitted) == 1
    assert encoder.bounded == 0


def test_a_copy_is_drawn_on_without_harm() -> None:
    original = picture(3)
    before = original.planes()[0].copy()
    copy = original.copy()
    copy.planes()[0][:] = 0
    assert np.array_equal(original.planes()[0], before)
    assert copy.pts == original.pts
