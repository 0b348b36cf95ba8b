"""Stamps of any kind, as containers hand them out, are taken or replaced, and nothing raises."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from streamlab.core.time.timeline import Timeline
from streamlab.media.timestamps import MAX_FPS, MIN_FPS, FrameTimestamps, frame_rate

TICKS = st.none() | st.integers(-(1 << 63) + 1, (1 << 63) - 1) | st.integers(-100, 100)
BASES = st.none() | st.sampled_from([Fraction(1, 90_000), Fraction(1, 1), Fraction(1, 2**31 - 1)])
RATES = st.none() | st.fractions(0, 2**31 - 1)


def stream(*rates: Fraction | None) -> Any:
    names = ("average_rate", "guessed_rate", "base_rate")
    codec_context = SimpleNamespace(framerate=rates[0])
    return SimpleNamespace(codec_context=codec_context, **dict(zip(names, rates, strict=True)))


@given(
    frames=st.lists(st.tuples(TICKS, TICKS, BASES, st.integers(0, 1 << 62)), max_size=40),
    rate=RATES,
    container=st.sampled_from(["avi", "matroska,webm", "h264", "mpjpeg"]),
    live=st.booleans(),
)
def test_any_stamps_give_a_timeline_that_rises(
    frames: list[tuple[int | None, int | None, Fraction | None, int]],
    rate: Fraction | None,
    container: str,
    live: bool,
) -> None:
    stamps = FrameTimestamps(stream(rate, rate, rate), container, live=live)
    timeline, seen = Timeline(3000), [-1]
    for pts, dts, base, duration in frames:
        frame = SimpleNamespace(pts=pts, dts=dts, time_base=base, duration=duration)
        stamp, shown = stamps.receive_frame(cast("Any", frame))
        assert shown is None or shown >= 0
        seen.append(timeline.receive_frame(stamp))
    assert all(later > earlier for earlier, later in pairwise(seen))


@given(rates=st.tuples(RATES, RATES, RATES), has_stamps=st.booleans())
def test_any_claimed_rates_give_one_that_can_be_played(
    rates: tuple[Fraction | None, Fraction | None, Fraction | None], has_stamps: bool
) -> None:
    assert MIN_FPS <= frame_rate(stream(*rates), has_stamps=has_stamps) <= MAX_FPS
