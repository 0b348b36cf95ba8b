"""Pictures of any size, stride and colour lie in shared memory as they were."""

from __future__ import annotations

import av
import msgspec
import numpy as np
import pytest
from av.video.reformatter import ColorRange
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from streamlab.detect.remote.messages import REQUEST, PlacedPicture, Request, decode, encode
from streamlab.detect.remote.placing import TAIL_BYTES, bytes_needed, place, read, write
from streamlab.media.picture import Picture
from streamlab.processes.message_socket import MessageError
from tests.detect.pictures import noise_picture
from tests.fakes.detectors import digest_of

MAX_PIXELS = 1 << 20
even = st.integers(1, 60).map(lambda half: 2 * half)


@st.composite
def pictures(draw: st.DrawFn) -> Picture:
    """Draw a picture: as FFmpeg allocates it, or with a stride of its own."""
    width, height, seed = draw(even), draw(even), draw(st.integers(0, 9))
    picture = noise_picture(width, height, seed)
    if draw(st.booleans()):
        height = -(-height // 4) * 4
        stride = width + 2 * draw(st.integers(0, 200))
        noise = np.random.default_rng(seed).integers(0, 256, (height * 3 // 2, stride), np.uint8)
        picture = Picture(av.VideoFrame.from_numpy_buffer(noise, "yuv420p", width), 0)
    picture.pts = draw(st.integers(-(1 << 40), 1 << 40))
    frame = picture.frame
    frame.color_range = draw(st.sampled_from([ColorRange.MPEG, ColorRange.JPEG]))
    frame.colorspace = draw(st.sampled_from([1, 2, 5, 6, 9]))
    frame.color_primaries, frame.color_trc = draw(st.sampled_from([(1, 1), (6, 6), (9, 16)]))
    return picture


@given(st.lists(pictures(), min_size=1, max_size=4))
def test_pictures_come_back_as_they_were(given: list[Picture]) -> None:
    placed, size = place(given)
    assert size <= bytes_needed(max(each.width * each.height for each in given), len(given))
    memory = np.full(size, 7, np.uint8)
    for picture, place_of in zip(given, placed, strict=True):
        write(picture, place_of, memory)
    received = decode(REQUEST, encode(Request(1, placed))).pictures
    for picture, place_of in zip(given, received, strict=True):
        back = read(place_of, memory, MAX_PIXELS)
        assert back.pts == back.frame.pts == picture.pts
        assert digest_of(back) == digest_of(picture)
    assert (memory[-TAIL_BYTES:] == 7).all()


def test_a_picture_is_not_copied_again() -> None:
    placed, size = place([noise_picture(64, 36)])
    memory = np.zeros(size, np.uint8)
    picture = read(placed[0], memory, MAX_PIXELS)
    memory[0] = 99
    assert picture.planes()[0][0, 0] == 99


def memory_of(size: int = 64 * 36 * 3 // 2 + TAIL_BYTES) -> NDArray[np.uint8]:
    return np.zeros(size, np.uint8)


@pytest.mark.parametrize(
    "change",
    [
        {"offset": 1},
        {"offset": 1 << 40},
        {"stride": 62},
        {"stride": 66},
        {"height": 38},
        {"width": 66},
        {"width": 1 << 15, "height": 1 << 15, "stride": 1 << 15},
    ],
)
def test_a_picture_outside_its_memory_is_refused(change: dict[str, int]) -> None:
    good = PlacedPicture(64, 36, 64, 0, 0, (1, 6, 6, 6))
    assert read(good, memory_of(), MAX_PIXELS).width == 64
    with pytest.raises(MessageError):
        read(msgspec.structs.replace(good, **change), memory_of(), MAX_PIXELS)


def test_a_picture_that_is_too_large_is_refused() -> None:
    good = PlacedPicture(64, 36, 64, 0, 0, (1, 6, 6, 6))
    with pytest.raises(MessageError, match="64x36 px"):
        read(good, memory_of(), 64 * 35)


@pytest.mark.parametrize(
    "change",
    [
        {"width": 0}, {"width": 3}, {"height": -2}, {"height": 1 << 16}, {"stride": 0},
        {"stride": 65}, {"offset": -64}, {"pts": 1 << 63}, {"colour": (1, 2, 3)},
        {"colour": (-1, 0, 0, 0)}, {"width": "64"},
    ],
)  # fmt: skip
def test_values_that_no_picture_has_are_refused(change: dict[str, object]) -> None:
    good = PlacedPicture(64, 36, 64, 0, 0, (1, 6, 6, 6))
    bad = Request(1, [msgspec.structs.replace(good, **change)])
    with pytest.raises(MessageError):
        decode(REQUEST, encode(bad))
