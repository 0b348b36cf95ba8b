from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import count
from typing import cast

import av
import pytest

from streamlab.core.time.timebase import NS_PER_S
from streamlab.media.read_ahead import read_ahead

MS = Fraction(1, 1000)


def packets(
    gap_ms: int, frames: int | None = None, size: int = 100
) -> Iterator[av.Packet[av.VideoStream]]:
    for number in count() if frames is None else range(frames):
        packet = cast("av.Packet[av.VideoStream]", av.Packet(size))
        packet.time_base, packet.pts, packet.dts = MS, number * gap_ms, number * gap_ms
        yield packet


def clock(step_ms: float) -> Callable[[], int]:
    """Return a clock that goes on by `step_ms` whenever it is read: about twice a packet."""
    readings = count()
    return lambda: round(next(readings) * step_ms * NS_PER_S / 1000)


@pytest.mark.parametrize(
    ("gap_ms", "step_ms", "frames", "ahead"),
    [
        (40, 0.1, None, True),  # a recording, chunked
        (40, 0.1, 10, True),  # which has ended already
        (40, 20, None, False),  # a camera
        (40, 8, 200, False),  # little faster than it plays: too slow to say
        (5000, 0.1, None, True),  # time-lapse
        (0, 0.1, None, False),  # stamps that say nothing
    ],
)
def test_what_comes_faster_than_it_plays_is_ahead(
    gap_ms: int, step_ms: float, frames: int | None, ahead: bool
) -> None:
    taken, is_ahead = read_ahead(packets(gap_ms, frames), 0, clock(step_ms))
    assert is_ahead is ahead
    assert [packet.pts for packet in taken] == [gap_ms * n for n in range(len(taken))]


def test_what_is_buffered_while_it_was_opened_is_not_ahead() -> None:
    now_ns = clock(1)
    _, is_ahead = read_ahead(packets(40), -5 * NS_PER_S, lambda: now_ns() * 20)
    assert not is_ahead


def test_little_is_kept() -> None:
    taken, is_ahead = read_ahead(packets(0, size=1 << 20), 0, clock(0.001))
    assert not is_ahead
    assert len(taken) <= 17
