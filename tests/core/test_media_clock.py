"""Media time of live sources against the clock, on virtual time."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamlab.core.time.media_clock import MAX_LAG_PTS, MAX_LEAD_PTS, MediaClock
from streamlab.core.time.timebase import NS_PER_S, TIMESCALE, ns_to_pts

HOUR_S = 3600
SETTLED_PTS = 5 * TIMESCALE
"""By then a rate that is wrong has been noticed."""

Frames = Iterator[tuple[int | None, float]]
"""Stamp in ticks and arrival in s."""


def ticks(seconds: float) -> int:
    return round(seconds * TIMESCALE)


def right(fps: float = 25, *, ppm: float = 0, jitter_s: float = 0.0) -> Frames:
    chance = random.Random(1)
    for number in range(int(HOUR_S * fps)):
        time_s = number / fps
        yield ticks(time_s * (1 + ppm / 1e6)), time_s + chance.uniform(0, jitter_s)


def mjpeg(fps: float, stamped_fps: float) -> Frames:
    for number in range(int(HOUR_S * fps)):
        yield ticks(number / stamped_fps), number / fps


def without_stamps() -> Frames:
    return ((None, time_s) for _, time_s in right(10, jitter_s=0.03))


def every_fifth_twice() -> Frames:
    for number, (stamp, time_s) in enumerate(right(15, jitter_s=0.01)):
        assert stamp is not None
        yield stamp - ticks(1 / 15) * (number % 5 == 4), time_s


def outliers() -> Frames:
    for number, (stamp, time_s) in enumerate(right(25, jitter_s=0.01)):
        assert stamp is not None
        yield stamp + ticks(40 - number % 3 * 60) * (number % 70 == 69), time_s


def small_outliers() -> Frames:
    for number, (stamp, time_s) in enumerate(right(25, jitter_s=0.01)):
        assert stamp is not None
        yield stamp + ticks(0.3) * (number % 70 == 69), time_s


def jumps() -> Frames:
    for stamp, time_s in right(25, jitter_s=0.01):
        assert stamp is not None
        yield stamp + ticks(time_s // 60 * 1.9) - ticks(time_s // 600 * 1000), time_s


def changing_rate() -> Frames:
    time_s, number = 0.0, 0
    while time_s < HOUR_S:
        yield ticks(number / 25), time_s
        time_s, number = time_s + (1 / 5 if time_s % 120 < 60 else 1 / 25), number + 1


def drift_pts(frames: Frames, clock: MediaClock) -> list[tuple[int, int]]:
    """Feed the clock; return for each frame the time and by how much its pts leads it."""
    return [
        (ticks(time_s), clock.receive_frame(stamp, round(time_s * NS_PER_S)) - ticks(time_s))
        for stamp, time_s in frames
    ]


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(right, id="right"),
        pytest.param(lambda: right(ppm=200, jitter_s=0.03), id="200 ppm fast"),
        pytest.param(lambda: right(ppm=-200, jitter_s=0.03), id="200 ppm slow"),
        pytest.param(lambda: right(0.2, jitter_s=0.03), id="a frame in 5 s"),
        pytest.param(lambda: mjpeg(5, 25), id="5 fps stamped 25"),
        pytest.param(lambda: mjpeg(5, 60), id="5 fps stamped 60"),
        pytest.param(lambda: mjpeg(25, 5), id="25 fps stamped 5"),
        pytest.param(lambda: mjpeg(60, 25), id="60 fps stamped 25"),
        pytest.param(lambda: mjpeg(24, 25), id="24 fps stamped 25"),
        pytest.param(lambda: mjpeg(25, 24), id="25 fps stamped 24"),
        pytest.param(without_stamps, id="no stamps"),
        pytest.param(every_fifth_twice, id="every fifth stamp twice"),
        pytest.param(outliers, id="outliers"),
        pytest.param(jumps, id="jumps"),
    ],
)
def test_media_time_stays_within_100_ms_of_the_clock_for_an_hour(
    make: Callable[[], Frames],
) -> None:
    drift = drift_pts(make(), MediaClock(3600))
    worst = max((abs(lead), at) for at, lead in drift if at > SETTLED_PTS)
    assert worst[0] < TIMESCALE // 10, f"{worst[0] / 90:.0f} ms at {worst[1] / TIMESCALE:.1f} s"


@pytest.mark.parametrize(("fps", "stamped_fps"), [(60, 25), (25, 5), (30, 15), (10, 2), (100, 60)])
def test_stamps_that_are_too_fast_are_disbelieved_at_once(fps: float, stamped_fps: float) -> None:
    drift = drift_pts(mjpeg(fps, stamped_fps), MediaClock(3600))
    assert max(lead for _, lead in drift) <= 3 * TIMESCALE // 4
    assert max(abs(lead) for at, lead in drift if at > 5 * TIMESCALE) < TIMESCALE // 10


def test_small_outliers_leave_nothing_behind() -> None:
    drift = drift_pts(small_outliers(), MediaClock(3600))
    usual = sorted(abs(lead) for _, lead in drift)[len(drift) // 2]
    assert usual < ticks(0.05)
    assert max(abs(lead) for _, lead in drift) < ticks(0.4)


def test_a_rate_that_changes_is_followed() -> None:
    drift = drift_pts(changing_rate(), MediaClock(3600))
    by_the_minute = [lead for at, lead in drift if at % (60 * TIMESCALE) > SETTLED_PTS]
    assert max(map(abs, by_the_minute)) < TIMESCALE // 10


def test_bursts_of_4_s_keep_the_spans_of_their_stamps() -> None:
    clock = MediaClock(3600)
    frames = [(ticks(n / 25), n // 100 * 4.0) for n in range(25 * HOUR_S)]
    pts = [clock.receive_frame(stamp, round(at_s * NS_PER_S)) for stamp, at_s in frames]
    assert {later - earlier for earlier, later in pairwise(pts)} == {3600}
    assert clock.re_anchors == 0


def test_a_held_source_is_played_evenly_and_goes_on_after_it_ran_dry() -> None:
    clock, now_s, pts = MediaClock(9000, held=True), 0.0, list[int]()
    for number in range(600):
        there_s = number // 20 * 2.0 + (0.5 if number >= 300 else 0)  # segments of 2 s
        now_s = max(now_s, there_s)
        pts.append(clock.receive_frame(9000 * number, round(now_s * NS_PER_S)))
        assert abs(pts[-1] - ticks(now_s)) <= 9000
        now_s = max(now_s, clock.due_ns(pts[-1]) / NS_PER_S)
    steps = [later - earlier for earlier, later in pairwise(pts)]
    assert steps[:299] == [9000] * 299
    assert set(steps[300:]) == {9000}
    assert clock.re_anchors == 1


def test_what_arrives_at_once_after_connecting_is_given_back_slowly() -> None:
    clock = MediaClock(3600)
    pts = [clock.receive_frame(3600 * n, max(0, n - 25) * 40_000_000) for n in range(1000)]
    steps = [later - earlier for earlier, later in pairwise(pts)]
    assert steps[:25] == [3600] * 25
    assert min(steps) >= 3600 * 7 // 8 - 1
    assert abs(pts[-1] - ticks((999 - 25) / 25)) < TIMESCALE // 10


def test_arrival_times_are_smoothed() -> None:
    clock, chance = MediaClock(3600), random.Random(2)
    steps = list[int]()
    before = 0
    for number in range(1000):
        arrival_s = number / 5 + chance.uniform(0, 0.06)
        pts = clock.receive_frame(None, round(arrival_s * NS_PER_S))
        steps.append(pts - before)
        before = pts
    assert max(abs(step - 18000) for step in steps[100:]) < ticks(0.03), "half the jitter"
    assert clock.interval == pytest.approx(18000, rel=0.1)


def test_a_source_that_comes_back_lies_as_far_ahead_as_time_passed() -> None:
    clock = MediaClock(3000)
    clock.receive_frame(500, 0)
    clock.request_restart()
    assert clock.receive_frame(7, 10 * NS_PER_S) == 10 * TIMESCALE
    assert clock.receive_frame(3007, 10 * NS_PER_S) == 10 * TIMESCALE + 3000


@given(st.lists(st.integers(0, TIMESCALE // 500), max_size=50), st.integers(0, 2**32))
def test_shifted_stamps_are_as_those_of_a_clock_ahead(shifts: list[int], first: int) -> None:
    shifted, ahead, total = MediaClock(3600), MediaClock(3600), 0
    for number, shift in enumerate(shifts):
        shift = shift if number else 0  # noqa: PLW2901
        total += shift
        stamp, now_ns = first + 3600 * number, number * NS_PER_S // 25
        shifted.request_shift(shift)
        assert shifted.receive_frame(stamp, now_ns) == ahead.receive_frame(stamp + total, now_ns)


@given(st.integers(1, 10**9), st.integers(0, 10**6))
def test_media_time_goes_on_where_it_is_told_to(first_pts: int, stamp: int) -> None:
    clock, now_ns = MediaClock(3000, first_pts=first_pts), 5 * NS_PER_S
    assert clock.receive_frame(stamp, now_ns) == first_pts
    later_ns = now_ns + NS_PER_S // 30
    second = clock.receive_frame(stamp + 3000, later_ns)
    assert second == first_pts + 3000
    assert abs(clock.due_ns(second) - later_ns) < NS_PER_S // 1000


def test_a_source_without_stamps_goes_with_the_clock() -> None:
    clock = MediaClock(3000)
    assert clock.receive_frame(None, 0) == 0
    assert clock.receive_frame(None, NS_PER_S // 25) == 3600


def test_a_frame_lasts_at_least_a_tick() -> None:
    with pytest.raises(ValueError, match="at least one tick"):
        MediaClock(0)


@settings(max_examples=300)
@given(
    frames=st.lists(
        st.tuples(
            st.none()
            | st.integers(-(10**9), 10**9)
            | st.integers(-5000, 100_000)
            | st.sampled_from([-(1 << 63), (1 << 63) - 1]),
            st.integers(0, 20 * NS_PER_S) | st.integers(0, NS_PER_S // 20),
        ),
        min_size=1,
        max_size=200,
    ),
    relative=st.booleans(),
    restarts=st.sets(st.integers(0, 199), max_size=5),
)
def test_pts_rise_and_stay_near_the_clock_whatever_comes(
    frames: list[tuple[int | None, int]], relative: bool, restarts: set[int]
) -> None:
    clock, now_ns, total, seen = MediaClock(3600), 0, 0, list[int]()
    for index, (stamp, gap_ns) in enumerate(frames):
        if index in restarts:
            clock.request_restart()
        now_ns += gap_ns * (index > 0)
        total += stamp or 0
        given_stamp = total if relative and stamp is not None else stamp
        pts = clock.receive_frame(given_stamp, now_ns)
        seen.append(pts)
        # Frames in no time at all rise by single ticks, hence the length.
        slack = len(seen) + clock.interval
        assert -MAX_LAG_PTS - slack <= pts - ns_to_pts(now_ns) <= MAX_LEAD_PTS + slack
    assert seen[0] == 0
    assert all(later > earlier for earlier, later in pairwise(seen))
