from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.core.ring import GOPS, Released, Ring
from tests.core.makers import RAW, fragment


def fill(ring: Ring, count: int, gop: int = 30) -> None:
    for number in range(count):
        ring.append(Released(fragment(RAW, number, gop=gop), 1.0, number))


@given(count=st.integers(0, 200), gop=st.integers(1, 50), bound=st.integers(1, 60))
def test_the_ring_holds_the_newest_and_never_more_than_its_bounds(
    count: int, gop: int, bound: int
) -> None:
    ring = Ring(bound)
    fill(ring, count, gop)
    assert len(ring) <= bound
    assert len(ring) + ring.dropped == count
    assert len(ring.keyframes) <= GOPS
    assert all(entry.fragment.keyframe for entry in ring.keyframes)
    if count:
        assert ring.newest is not None
        assert ring.newest.fragment.sequence == count
        held = [entry.fragment.sequence for entry in ring.since(ring.first_sequence)]
        assert held == list(range(count - len(ring) + 1, count + 1))


@given(count=st.integers(1, 200), wanted=st.integers(1, 200), max_lag=st.integers(1, 100))
def test_what_a_cursor_gives_up_ends_right_before_a_keyframe(
    count: int, wanted: int, max_lag: int
) -> None:
    ring = Ring(1000)
    fill(ring, count)
    wanted = min(wanted, count + 1)
    lost = ring.behind(wanted, max_lag)
    if lost is None:
        assert wanted >= ring.first_sequence
        return
    assert lost.from_sequence == wanted <= lost.to_sequence
    following = next(iter(ring.since(lost.to_sequence + 1)))
    assert following.fragment.keyframe


def test_an_event_is_serialised_once_for_all() -> None:
    entry = Released(fragment(RAW, 0), 2.5, 1)
    live = entry.event(cached=False, by_url=False)
    assert live is entry.event(cached=False, by_url=False)
    lines = entry.event(cached=True, by_url=False).decode().split("\n")
    assert lines[:2] == ["id: raw/medium/1", "event: fragment"]
    data = json.loads(lines[2].removeprefix("data: "))
    assert (data["cached"], data["released_at"], data["data"]) == (True, 2.5, "bWRhdA==")
    assert b'"cached":false' in live
    by_url = Released(fragment(RAW, 0), 2.5, 1, "/streams/cam").event(cached=False, by_url=True)
    assert b'"url":"/streams/cam/raw/medium/1.m4s"' in by_url
    assert b'"data"' not in by_url


def test_a_ring_that_was_cleared_lets_nobody_join() -> None:
    ring = Ring(10)
    fill(ring, 3)
    ring.clear()
    assert (len(ring), ring.keyframes, ring.newest) == (0, [], None)


def test_a_ring_holds_something() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Ring(0)
