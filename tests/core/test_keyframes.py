from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.core.time.keyframes import KeyframeClock


def keys(clock: KeyframeClock, pts: range) -> list[int]:
    return [at for at in pts if clock.receive_frame(at, source_keyframe=False)]


@given(gop=st.integers(1, 200_000), step=st.integers(1, 9000), count=st.integers(1, 200))
def test_each_gop_begins_with_exactly_one_keyframe(gop: int, step: int, count: int) -> None:
    pts = range(0, step * count, step)
    found = keys(KeyframeClock(gop), pts)
    assert found[0] == 0
    assert [at // gop for at in found] == sorted({at // gop for at in pts})


def test_two_clocks_agree_whenever_they_start() -> None:
    early, late = KeyframeClock(90_000), KeyframeClock(90_000)
    shared = range(300_000, 900_000, 3000)
    keys(early, range(0, 300_000, 3000))
    assert keys(late, shared)[1:] == keys(early, shared)


def test_a_request_makes_the_next_frame_a_keyframe_once() -> None:
    clock = KeyframeClock(90_000)
    assert keys(clock, range(0, 9000, 3000)) == [0]
    clock.request_keyframe()
    assert keys(clock, range(9000, 30_000, 3000)) == [9000]


def test_the_sources_keyframes_take_the_place_of_the_gops() -> None:
    clock = KeyframeClock(90_000)
    clock.follow_source = True
    assert not clock.receive_frame(0, source_keyframe=False)
    assert clock.receive_frame(3000, source_keyframe=True)
    clock.request_keyframe()
    assert clock.receive_frame(6000, source_keyframe=False)


def test_a_request_waits_while_the_source_is_watched() -> None:
    clock = KeyframeClock(90_000)
    clock.follow_source = clock.source_only = True
    clock.request_keyframe()
    assert not clock.receive_frame(0, source_keyframe=False)
    assert clock.receive_frame(3000, source_keyframe=True)
    clock.source_only = False
    assert not clock.receive_frame(6000, source_keyframe=False)


def test_a_gop_lasts_at_least_a_tick() -> None:
    with pytest.raises(ValueError, match="at least one tick"):
        KeyframeClock(0)
