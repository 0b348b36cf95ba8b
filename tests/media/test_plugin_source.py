"""Frames of a package's source keep what came with them, also when they are deinterlaced."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from fractions import Fraction
from pathlib import Path

import av
import pytest

from streamlab.media.plugin_source import PluginSource
from streamlab.media.source import SourceFrame, SourceInfo
from streamlab.media.spec import SourceSpec

from .test_film import FRAMES, HEIGHT, WIDTH, write_interlaced

TICKS = 3600


class ListedSource:
    """Yields the frames it was made with."""

    extradata = None
    reorders = False

    def __init__(self, frames: Sequence[av.VideoFrame]) -> None:
        self.info = SourceInfo("listed", WIDTH, HEIGHT, Fraction(25), live=False)
        self._frames = frames

    def frames(self) -> Iterator[SourceFrame]:
        for number, frame in enumerate(self._frames):
            packet = b"%d" % number
            yield SourceFrame(frame, number * TICKS, keyframe=number % 4 == 0, packet=packet)

    def stop(self) -> None:
        pass

    def close(self) -> None:
        pass


def items_of(frames: Sequence[av.VideoFrame]) -> list[SourceFrame]:
    spec = SourceSpec.refused("listed://x", "")
    return list(PluginSource(ListedSource(frames), spec, nullcontext).frames())


@pytest.fixture
def interlaced(tmp_path: Path) -> list[av.VideoFrame]:
    path = tmp_path / "interlaced.ts"
    write_interlaced(path)
    with av.open(path) as container:
        return list(container.decode(video=0))


def bar_px(frame: av.VideoFrame) -> float:
    """Return the left edge of the bar."""
    return float((frame.to_ndarray()[HEIGHT // 2, :WIDTH] > 140).argmax())


def assert_each_has_its_own(items: Sequence[SourceFrame]) -> None:
    assert [item.stamp for item in items] == [number * TICKS for number in range(len(items))]
    assert [item.packet for item in items] == [b"%d" % number for number in range(len(items))]
    assert [item.keyframe for item in items] == [number % 4 == 0 for number in range(len(items))]


def test_a_deinterlaced_frame_keeps_its_stamp_and_packet_and_none_is_lost(
    interlaced: list[av.VideoFrame],
) -> None:
    items = items_of(interlaced)
    assert len(items) == FRAMES
    assert_each_has_its_own(items)
    for number, item in enumerate(items):
        assert item.decoded is interlaced[number]
        assert bar_px(item.frame) == pytest.approx(number * 8, abs=6)
        assert "interlaced" in item.objection


def test_a_frame_that_is_held_comes_before_those_of_another_size(
    interlaced: list[av.VideoFrame],
) -> None:
    others = [av.VideoFrame(64, 48, "yuv420p") for _ in range(3)]
    items = items_of([*interlaced[:5], *others])
    assert [item.frame.width for item in items] == [WIDTH] * 5 + [64] * 3
    assert_each_has_its_own(items)
