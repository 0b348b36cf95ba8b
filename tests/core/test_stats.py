from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streamlab.core.stats import (
    HISTOGRAM_EDGES_MS,
    RankedWindow,
    RecentShare,
    Window,
    histogram,
    quantiles,
)

FLOATS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=200)


@given(FLOATS)
def test_quantiles_are_values_in_order(values: list[float]) -> None:
    made = quantiles(values)
    assert made is not None
    assert {made.p50, made.p95, made.p99, made.max} <= set(values)
    assert made.p50 <= made.p95 <= made.p99 <= made.max == max(values)
    assert sum(value <= made.p50 for value in values) * 2 >= len(values)


def test_nothing_has_no_quantiles() -> None:
    assert quantiles([]) is None


@given(FLOATS)
def test_every_value_falls_into_one_bin(values: list[float]) -> None:
    counts = histogram(values)
    assert len(counts) == len(HISTOGRAM_EDGES_MS) + 1
    assert sum(counts) == len(values)


@given(st.lists(st.integers(0, 10**9), max_size=100), st.integers(1, 20))
def test_a_window_forgets_what_is_old_and_what_is_too_much(
    steps_ns: list[int], max_values: int
) -> None:
    window, now_ns = Window(2.0, max_values), 0
    for step in steps_ns:
        now_ns += step
        window.add(float(now_ns), now_ns)
    values = window.values(now_ns)
    assert len(values) <= max_values
    assert all(value > now_ns - 2 * 10**9 for value in values)
    assert window.values(now_ns, span_s=0.5) == [v for v in values if v > now_ns - 5 * 10**8]


@given(
    st.lists(st.tuples(st.integers(-5, 5), st.integers(0, 4)), max_size=60),
    st.integers(1, 10),
    st.integers(0, 3),
)
def test_a_ranked_window_holds_recent_values_in_order_of_size(
    steps: list[tuple[int, int]], max_values: int, min_values: int
) -> None:
    min_values = min(min_values, max_values)
    window = RankedWindow(6, max_values, min_values=min_values)
    now_ns, arrived = 0, list[tuple[int, int]]()
    for value, step_ns in steps:
        now_ns += step_ns
        arrived.append((now_ns, value))
        window.add(value, now_ns)
        recent = sum(at_ns > now_ns - 6 for at_ns, _ in arrived)
        kept = min(max_values, max(recent, min_values), len(arrived))
        assert window.values(now_ns) == sorted(value for _, value in arrived[-kept:])
    assert len(window.values(now_ns + 6)) == min(min_values, len(arrived))
    window.clear()
    assert window.values(now_ns) == []


def test_a_recent_share_forgets_what_was_counted_before_its_span() -> None:
    share, second_ns = RecentShare(2.0), 10**9
    assert share.receive_counts(0, 0, 0) is None
    assert share.receive_counts(10, 10, 1 * second_ns) == 1.0
    assert share.receive_counts(10, 20, 2 * second_ns) == 0.5
    assert share.receive_counts(10, 30, 3 * second_ns) == 0.0
    assert share.receive_counts(10, 30, 9 * second_ns) is None
