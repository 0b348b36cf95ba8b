"""The camera `street` of the fixture server: what it is, and what its streams must show."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from fractions import Fraction

import httpx
import pytest

from .client import READ_TIMEOUT_S, Fragment, Stream
from .picture import TICKS_PER_SECOND, Picture, decode, read_strip

FPS, WIDTH, HEIGHT = 30, 640, 360

both_channels = pytest.mark.parametrize("channel", ["raw", "annotated"])


def number_of(pts: int) -> int:
    """Return the number of the frame that was captured at `pts`."""
    return round(Fraction(pts * FPS, TICKS_PER_SECOND))


def numbers_of(fragments: Iterable[Fragment]) -> list[int]:
    return [number_of(frame["pts"]) for fragment in fragments for frame in fragment.frames]


def dropped_at_source(server_url: str, camera_id: str = "street") -> int:
    """Return how many frames the server says it had no time for; on a quiet machine, none."""
    url = f"{server_url}/streams/dual-channel/stats"
    streams = httpx.get(url, timeout=READ_TIMEOUT_S).json()["streams"]
    (drops,) = (each["drops"] for each in streams if each["camera_id"] == camera_id)
    dropped = drops["at_source"]
    assert isinstance(dropped, int)
    return dropped


def assert_no_number_missing(server_url: str, numbers: Collection[int]) -> None:
    """Every frame of `street` is there, but for those that the server says it dropped."""
    missing = set(range(min(numbers), max(numbers) + 1)) - set(numbers)
    assert len(missing) <= dropped_at_source(server_url), missing


def assert_strip_is_true(pictures: list[Picture]) -> None:
    told = [read_strip(picture.luma) for picture in pictures]
    assert told == [number_of(picture.pts) for picture in pictures]


def decode_channel(stream: Stream, channel: str) -> list[Picture]:
    """Decode what arrived of a channel, each run of one encoding by itself."""
    return [picture for run in runs_of(stream, channel) for picture in decode_run(stream, run)]


def runs_of(stream: Stream, channel: str) -> list[list[Fragment]]:
    """Split a channel where its encoding changes or its sequence jumps."""
    runs: list[list[Fragment]] = []
    for fragment in stream.fragments(channel):
        follows = runs and (
            fragment.init_id == runs[-1][-1].init_id
            and fragment.sequence == runs[-1][-1].sequence + 1
        )
        if not follows:
            runs.append([])
        runs[-1].append(fragment)
    return runs


def decode_run(stream: Stream, run: list[Fragment]) -> list[Picture]:
    return decode(stream.init_of(run[0]).data, [fragment.data for fragment in run])
