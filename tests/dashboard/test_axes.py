"""The ends of the plots' axes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.dashboard.axes import FAR, SPANS_S, reach, round_up, span_s

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=1)


@given(VALUES, st.floats(0, 1000))
def test_an_axis_holds_what_is_no_outlier(values: list[float], least: float) -> None:
    sizes = sorted(map(abs, values))
    end = reach(values, least)
    assert end <= sizes[-1]
    assert sum(size <= max(end, least) for size in sizes) >= 0.9 * len(sizes)


@pytest.mark.parametrize(
    ("values", "end"),
    [
        ([], 0),
        ([math.nan], 0),
        ([3, math.nan, -7], 7),
        ([10] * 99 + [4000], 10 * FAR),
        ([10] * 99 + [15], 15),
        ([10] * 5 + [4000] * 5, 4000),  # half of them: that is how it is
    ],
)
def test_reach(values: list[float], end: float) -> None:
    assert reach(values, 0) == end


@given(st.floats(1e-3, 1e9))
def test_rounding_up_wastes_no_more_than_half(value: float) -> None:
    assert 0.99 * value <= round_up(value) <= 1.6 * value


@given(st.floats(0, 40))
def test_a_span_holds_what_was_measured(measured_s: float) -> None:
    assert span_s(measured_s) in SPANS_S
    assert span_s(measured_s) >= min(measured_s, SPANS_S[-1])
