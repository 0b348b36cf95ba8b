"""Rates of pictures, by stamps and by arrival, on made-up times."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.core.time.rate import StampedRate, fps_by_arrival, longest_gop
from streamlab.core.time.timebase import NS_PER_S, TIMESCALE


def stamps_of(*steps_ms: int) -> list[int]:
    return [ms * TIMESCALE // 1000 for ms in accumulate(steps_ms, initial=0)]


def test_a_constant_rate() -> None:
    rate = StampedRate.of(stamps_of(*[40] * 25))
    assert (rate.fps, rate.is_variable, rate.repeated) == (25, False, 0)
    assert rate.shortest_pts == rate.longest_pts == 3600


def test_rounding_to_milliseconds_is_not_variable() -> None:
    rate = StampedRate.of(stamps_of(*[8, 8, 9] * 20))
    assert rate.is_variable is False
    assert rate.fps == pytest.approx(120)


def test_a_variable_rate() -> None:
    rate = StampedRate.of(stamps_of(*[20, 47, 110] * 10))
    assert rate.is_variable
    assert (rate.shortest_pts, rate.longest_pts) == (1800, 9900)


def test_a_stamp_that_comes_twice_does_not_make_it_variable() -> None:
    rate = StampedRate.of(stamps_of(*[40, 40, 40, 0, 80] * 10))
    assert (rate.fps, rate.is_variable, rate.repeated) == (25, False, 10)


def test_a_leap_is_left_out() -> None:
    before, after = stamps_of(*[40] * 10), stamps_of(*[40] * 10)
    rate = StampedRate.of(before + [stamp + (1 << 40) for stamp in after])
    assert (rate.fps, rate.is_variable) == (25, False)


@pytest.mark.parametrize("stamps", [[], [7], [7, 7, 7], [9, 8, 7]])
def test_stamps_that_say_nothing(stamps: list[int]) -> None:
    rate = StampedRate.of(stamps)
    assert (rate.fps, rate.is_variable) == (None, None)


def test_arrival_at_a_steady_rate() -> None:
    assert fps_by_arrival([n * NS_PER_S // 5 for n in range(30)]) == pytest.approx(5)


def test_what_had_been_read_ahead_is_left_out() -> None:
    ahead = [n * 1_000_000 for n in range(25)]
    paced = [ahead[-1] + n * NS_PER_S // 5 for n in range(1, 30)]
    assert fps_by_arrival(ahead + paced) == pytest.approx(5)


@pytest.mark.parametrize("arrivals_ns", [[], [5], [5, 5, 5]])
def test_arrivals_that_say_nothing(arrivals_ns: list[int]) -> None:
    assert fps_by_arrival(arrivals_ns) is None


def test_the_longest_gop() -> None:
    assert longest_gop([True, False, False, True, False, True]) == 3
    assert longest_gop([True, False]) is None
    assert longest_gop([]) is None


@given(st.lists(st.integers(-(1 << 62), 1 << 62), max_size=40))
def test_any_stamps_can_be_measured(stamps: list[int]) -> None:
    rate = StampedRate.of(stamps)
    assert rate.fps is None or rate.fps > 0
    assert 0 <= rate.repeated <= len(stamps)
    assert (rate.shortest_pts or 0) <= (rate.longest_pts or 0)


@given(st.lists(st.integers(0, 1 << 40), max_size=40))
def test_any_arrivals_can_be_measured(steps_ns: list[int]) -> None:
    fps = fps_by_arrival(list(accumulate(steps_ns)))
    assert fps is None or fps > 0
