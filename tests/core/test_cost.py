"""Rare slow frames do not change the usual cost, and are promised only where affordable."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streamlab.core.sync.cost import (
    PEAK_SPAN_NS,
    RARE_SPAN_NS,
    USUAL_MIN_FRAMES,
    USUAL_SPAN_NS,
    CostEstimate,
)
from tests.core.makers import MS_NS

AFFORDABLE_NS = 200 * MS_NS
FRAME_NS = 33 * MS_NS


def estimate_of(costs_ms: list[int], *, frame_ns: int = FRAME_NS) -> tuple[CostEstimate, int]:
    estimate, now_ns = CostEstimate(), 0
    for cost_ms in costs_ms:
        now_ns += frame_ns
        estimate.receive_cost(cost_ms * MS_NS, now_ns)
    return estimate, now_ns


def promised_ms(estimate: CostEstimate, now_ns: int) -> float:
    usual_ns = estimate.usual_ns(now_ns)
    assert usual_ns is not None
    return estimate.promised_ns(usual_ns, AFFORDABLE_NS, now_ns) / MS_NS


def test_nothing_is_known_before_the_first_frame() -> None:
    assert CostEstimate().usual_ns(0) is None


def test_slow_frames_are_not_the_usual_ones_until_they_are_half_of_them() -> None:
    count = USUAL_SPAN_NS // FRAME_NS
    for slow in (1, 3, count // 2 - 2):
        estimate, now_ns = estimate_of([3] * (count - slow) + [700] * slow)
        assert estimate.usual_ns(now_ns) == 3 * MS_NS
    estimate, now_ns = estimate_of([3] * count + [700] * (count // 2 + 2))
    assert estimate.usual_ns(now_ns) == 700 * MS_NS


def test_one_slow_frame_of_a_slow_camera_is_not_the_usual_one() -> None:
    estimate, now_ns = estimate_of([3] * (USUAL_MIN_FRAMES - 1) + [700], frame_ns=5 * 10**9)
    assert estimate.usual_ns(now_ns) == 3 * MS_NS


def test_what_came_once_is_not_promised_and_what_comes_again_is() -> None:
    once, now_ns = estimate_of([3] * 30 + [40] + [3] * 60)
    assert promised_ms(once, now_ns) == 3
    again, now_ns = estimate_of(([3] * 29 + [40]) * 3)
    assert promised_ms(again, now_ns) == 40


def test_what_cannot_be_afforded_does_not_count() -> None:
    estimate, now_ns = estimate_of(([3] * 29 + [700]) * 3 + ([3] * 29 + [40]) * 3)
    assert promised_ms(estimate, now_ns) == 40


def test_rare_costs_are_forgotten() -> None:
    estimate, now_ns = estimate_of(([3] * 29 + [40]) * 3)
    now_ns += RARE_SPAN_NS + PEAK_SPAN_NS
    estimate.receive_cost(3 * MS_NS, now_ns)
    assert estimate.promised_ns(3 * MS_NS, AFFORDABLE_NS, now_ns) == 3 * MS_NS


def test_all_is_forgotten_at_a_restart() -> None:
    estimate, now_ns = estimate_of([40] * 100)
    estimate.clear()
    assert estimate.usual_ns(now_ns) is None
    assert estimate.promised_ns(MS_NS, AFFORDABLE_NS, now_ns) == MS_NS


@given(
    st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 3000)), min_size=1),
    st.integers(0, 1000),
)
def test_a_promise_is_at_least_the_usual_cost_and_otherwise_affordable(
    frames: list[tuple[int, int]], affordable_ms: int
) -> None:
    estimate, now_ns = CostEstimate(), 0
    for cost_ms, step_ms in frames:
        now_ns += step_ms * MS_NS
        estimate.receive_cost(cost_ms * MS_NS, now_ns)
        usual_ns = estimate.usual_ns(now_ns)
        assert usual_ns is not None
        promised_ns = estimate.promised_ns(usual_ns, affordable_ms * MS_NS, now_ns)
        assert promised_ns >= usual_ns
        assert promised_ns in {usual_ns} | {cost * MS_NS for cost, _ in frames}
        assert promised_ns <= max(usual_ns, affordable_ms * MS_NS)
