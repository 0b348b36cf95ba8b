"""The camera `street` of the fixture server: what it is, and what its streams must show."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import pytest

from .client import Fragment, Stream
from .picture import TICKS_PER_SECOND, Picture, decode, read_strip

FPS, WIDTH, HEIGHT = 30, 640, 360

both_channels = pytest.mark.parametrize("channel", ["raw", "annotated"])


def number_of(pts: int) -> int:
    """Return the number of the frame that was captured at `pts`."""
    return round(Fraction(pts * FPS, TICKS_PER_SECOND))


def numbers_of(fragments: Iterable[Fragment]) -> list[int]:
    return [number_of(frame["pts"]) for fragment in fragments for frame in fragment.frames]


def assert_no_number_missing(fragments: Iterable[Fragment]) -> None:
    numbers = set(numbers_of(fragments))
    assert set(range(min(numbers), max(numbers) + 1)) - numbers == set()


def assert_strip_is_true(pictures: list[Picture]) -> None:
    told = [read_strip(picture.luma) for picture in pictures]
    assert told == [number_of(picture.pts) for picture in pictures]


def decode_channel(stream: Stream, channel: str) -> list[Picture]:
    """Decode what arrived of a channel, each run of one init segment by itself."""
    pictures: list[Picture] = []
    fragments = stream.fragments(channel)
    for init in stream.inits(channel):
        run = [fragment.data for fragment in fragments if fragment.init_id == init.init_id]
        pictures += decode(init.data, run) if run else []
    return pictures
