"""Faults as plain data, and when those that come again are due."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.core.time.timebase import NS_PER_S
from streamlab.errors import InvalidRequestError
from streamlab.faults import NO_FAULTS, PRESETS, Faults, find_preset
from streamlab.faults.recurrence import Recurrence


def with_fault(name: str, value: float) -> Faults:
    changes: dict[str, Any] = {name: value}
    return replace(NO_FAULTS, **changes)


BOUNDED = {each.name: each.metadata["bounds"] for each in fields(Faults) if each.metadata}


@given(st.sampled_from(sorted(BOUNDED)), st.floats(allow_nan=True, allow_infinity=True))
def test_a_fault_is_within_its_bounds_or_refused_with_them(name: str, value: float) -> None:
    low, high = BOUNDED[name]
    if low <= value <= high:
        assert getattr(with_fault(name, value), name) == value
        return
    with pytest.raises(InvalidRequestError, match=f"{name} is .*; allowed: {low} to {high}"):
        with_fault(name, value)


def test_only_what_differs_is_described() -> None:
    assert NO_FAULTS.describe() == Faults(seed=7).describe() == {}
    assert Faults(lost_fraction=0.1, seed=7).describe() == {"lost_fraction": 0.1, "seed": 7}


@pytest.mark.parametrize(
    "name", ["lag_median_ms", "turn_lag_median_ms", "stall_ms", "keyframe_burst_ms"]
)
def test_each_lag_makes_results_late(name: str) -> None:
    assert with_fault(name, 1).slow
    assert not NO_FAULTS.slow


def test_a_preset_is_found_by_its_name() -> None:
    assert {name: find_preset(name) for name in PRESETS} == PRESETS
    with pytest.raises(InvalidRequestError, match=r"preset 'bad luck'; allowed: steady"):
        find_preset("bad luck")


def test_what_comes_every_0_s_comes_once() -> None:
    once = Recurrence(0, 5)
    assert [once.receive_time(now_ns) for now_ns in (4, 5, 6, 10**12)] == [
        False,
        True,
        False,
        False,
    ]


@given(st.integers(1, 10), st.lists(st.integers(0, 25 * NS_PER_S), max_size=30))
def test_what_was_missed_comes_once_and_the_beat_stays(every_s: int, waits_ns: list[int]) -> None:
    recurrence, now_ns, came = Recurrence(every_s, 0), 0, set[int]()
    for wait_ns in waits_ns:
        now_ns += wait_ns
        beat = now_ns // (every_s * NS_PER_S)
        assert recurrence.receive_time(now_ns) == (beat > 0 and beat not in came)
        came.add(beat)
