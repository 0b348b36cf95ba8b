"""When a camera counts as stalled, and when it is opened anew."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.core.time.stall import (
    MAX_GAPS,
    MAX_LOST_AFTER_NS,
    STEADY_NS,
    UNKNOWN_PAUSE_NS,
    StallDetector,
)
from streamlab.core.time.timebase import NS_PER_S

STALL_AFTER_NS = 2 * NS_PER_S


def detector(interval_ns: int, frames: int) -> StallDetector:
    made = StallDetector(STALL_AFTER_NS)
    made.receive_opening(0)
    for number in range(frames):
        made.receive_frame(number * interval_ns)
    return made


@pytest.mark.parametrize("interval_s", [3, 6, 30])
@pytest.mark.parametrize("frames", [1, 2, 3, 10])
def test_a_slow_camera_has_not_stalled(interval_s: int, frames: int) -> None:
    made = detector(interval_s * NS_PER_S, frames)
    assert made.normal_pause_ns > interval_s * NS_PER_S
    assert made.lost_after_ns > made.normal_pause_ns


def test_a_quick_camera_has_stalled_soon() -> None:
    made = detector(NS_PER_S // 25, 25)
    assert made.normal_pause_ns == STALL_AFTER_NS
    assert made.lost_after_ns == 5 * NS_PER_S


def test_of_a_camera_that_has_just_begun_nothing_is_known() -> None:
    assert detector(NS_PER_S // 25, 2).normal_pause_ns == UNKNOWN_PAUSE_NS


def test_a_source_that_says_it_is_slow_is_believed() -> None:
    made = StallDetector(STALL_AFTER_NS)
    made.receive_opening(0, 3600 * NS_PER_S)
    made.receive_frame(0)
    assert made.normal_pause_ns == 3 * 3600 * NS_PER_S


def test_one_long_pause_is_forgotten() -> None:
    made = detector(NS_PER_S // 25, 25)
    made.receive_frame(20 * NS_PER_S)
    assert made.normal_pause_ns > STALL_AFTER_NS
    for number in range(MAX_GAPS):
        made.receive_frame(20 * NS_PER_S + (number + 1) * NS_PER_S // 25)
    assert made.normal_pause_ns == STALL_AFTER_NS


def test_the_span_over_a_new_opening_is_not_its_own() -> None:
    made = detector(NS_PER_S // 25, 25)
    made.receive_opening(100 * NS_PER_S)
    made.receive_frame(100 * NS_PER_S)
    assert made.normal_pause_ns == STALL_AFTER_NS


def test_a_camera_that_begins_with_a_burst_is_found_to_be_slow() -> None:
    """A server that sends what it has cached, and then a picture every 30 s."""
    made, interval_ns, now_ns = StallDetector(STALL_AFTER_NS), 30 * NS_PER_S, 0
    for _ in range(5):
        made.receive_opening(now_ns)
        for _ in range(5):
            made.receive_frame(now_ns)
            now_ns += 1_000_000
        if made.lost_after_ns > interval_ns:
            break
        now_ns += made.lost_after_ns
        made.receive_loss()
    made.receive_frame(now_ns + interval_ns)
    assert made.normal_pause_ns > interval_ns


def test_losses_are_forgotten_once_an_opening_has_lasted() -> None:
    made = detector(NS_PER_S // 25, 25)
    before_ns = made.lost_after_ns
    made.receive_loss()
    assert made.lost_after_ns == 2 * before_ns
    made.receive_opening(0)
    for number in range(MAX_GAPS + 1):
        made.receive_frame(STEADY_NS + 1 + number)
    assert made.lost_after_ns == before_ns


@given(st.lists(st.integers(0, 3600 * NS_PER_S), max_size=40), st.integers(0, 40))
def test_it_waits_longer_than_is_normal_and_never_for_ever(gaps_ns: list[int], losses: int) -> None:
    made, now_ns = StallDetector(STALL_AFTER_NS), 0
    made.receive_opening(now_ns)
    for gap_ns in gaps_ns:
        now_ns += gap_ns
        made.receive_frame(now_ns)
    for _ in range(losses):
        made.receive_loss()
    longest_ns = max(gaps_ns, default=0)
    assert STALL_AFTER_NS <= made.normal_pause_ns <= max(UNKNOWN_PAUSE_NS, 3 * longest_ns)
    assert 2 * made.normal_pause_ns <= made.lost_after_ns
    assert made.lost_after_ns <= max(2 * made.normal_pause_ns, MAX_LOST_AFTER_NS)
