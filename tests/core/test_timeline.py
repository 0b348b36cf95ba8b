from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.core.channels import ChannelType
from streamlab.core.mp4.fragment import Boxes, EncodedFrame, Fragment
from streamlab.core.sync.controller import SyncController
from streamlab.core.sync.events import Release
from streamlab.core.sync.policy import SyncPolicy
from streamlab.core.time.media_clock import MediaClock
from streamlab.core.time.timebase import (
    TIMESCALE,
    frame_number,
    frame_number_from,
    frame_pts,
    ns_to_pts,
    pts_to_ns,
    to_pts,
)
from streamlab.core.time.timeline import MAX_PAUSE_PTS, Pacer, Timeline
from tests.core.makers import ANNOTATED, FRAME, MS_NS, RAW, controller

RATES = st.sampled_from([Fraction(n) for n in (1, 10, 15, 24, 25, 30, 50, 60)]) | st.sampled_from(
    [Fraction(n * 1000, 1001) for n in (24, 30, 60)]
)
SECOND_NS = 1_000_000_000


@given(number=st.integers(0, 2**24), fps=RATES)
def test_a_frame_number_survives_the_way_to_pts_and_back(number: int, fps: Fraction) -> None:
    assert frame_number(frame_pts(number, fps), fps) == number


def test_a_rate_of_29_97_does_not_drift_in_a_day() -> None:
    fps = Fraction(30000, 1001)
    frames = 24 * 3600 * 30
    assert abs(frame_pts(frames, fps) - frames * 3003) <= 1


@given(ticks=st.integers(0, 10**12), base=st.sampled_from([Fraction(1, 12800), Fraction(1, 90000)]))
def test_ticks_are_rounded_to_the_nearest(ticks: int, base: Fraction) -> None:
    assert abs(to_pts(ticks, base) - ticks * base * TIMESCALE) <= Fraction(1, 2)


@given(pts=st.integers(0, 10**10))
def test_spans_convert_both_ways(pts: int) -> None:
    assert abs(ns_to_pts(pts_to_ns(pts)) - pts) <= 1


@given(
    stamps=st.lists(
        st.none() | st.integers(-(10**9), 10**9) | st.sampled_from([-(1 << 63), (1 << 63) - 1]),
        min_size=1,
        max_size=60,
    ),
    restarts=st.sets(st.integers(0, 59)),
)
def test_pts_begin_at_zero_and_only_rise(stamps: list[int | None], restarts: set[int]) -> None:
    timeline, seen = Timeline(3000), list[int]()
    for index, stamp in enumerate(stamps):
        if index in restarts:
            timeline.request_restart()
        seen.append(timeline.receive_frame(stamp))
    assert seen[0] == 0
    assert all(later > earlier for earlier, later in pairwise(seen))


@given(
    st.lists(st.integers(1, MAX_PAUSE_PTS), min_size=1, max_size=50), st.integers(-(10**9), 10**9)
)
def test_plausible_spans_are_the_recordings_own(spans: list[int], first: int) -> None:
    timeline, stamp = Timeline(3000), first
    assert timeline.receive_frame(stamp) == 0
    for span in spans:
        stamp += span
        assert timeline.receive_frame(stamp) == stamp - first
    assert timeline.re_anchors == 0


def test_a_looped_file_goes_on_after_one_frame() -> None:
    timeline = Timeline(3000)
    timeline.receive_frame(0)
    timeline.receive_frame(3000)
    timeline.request_restart()
    assert timeline.receive_frame(0) == 6000


def test_a_stamp_that_leaps_re_anchors() -> None:
    timeline = Timeline(3000)
    timeline.receive_frame(0)
    assert timeline.receive_frame(10**9) == 3000
    assert timeline.receive_frame(10**9 + 3000) == 6000
    assert timeline.re_anchors == 1


@pytest.mark.parametrize("wrong", [10**9, -(10**9)])
def test_a_single_wrong_stamp_moves_nothing_after_it(wrong: int) -> None:
    timeline = Timeline(3000)
    stamps = [0, 3000, wrong, 9000, 12000]
    assert [timeline.receive_frame(stamp) for stamp in stamps] == [0, 3000, 6000, 9000, 12000]


def test_a_stamp_that_comes_twice_makes_nothing_longer() -> None:
    timeline = Timeline(3000)
    stamps = [0, 3000, 3000, 9000, 12000, 12000, 18000]
    pts = [timeline.receive_frame(stamp) for stamp in stamps]
    assert pts == [0, 3000, 4500, 9000, 12000, 13500, 18000]


@given(st.integers(1, 10**9), st.integers(0, 3 * FRAME))
def test_a_recording_goes_on_where_it_is_told_to(first_pts: int, ahead: int) -> None:
    timeline = Timeline(FRAME, first_pts)
    first = timeline.receive_frame(first_pts + ahead)
    assert first == (first_pts + ahead if ahead < FRAME else first_pts)
    assert timeline.receive_frame(first_pts + ahead + FRAME) == first + FRAME
    assert Timeline(FRAME, first_pts).receive_frame(None) == first_pts


@given(st.integers(0, 10**9), st.sampled_from([Fraction(30), Fraction(30000, 1001), Fraction(7)]))
def test_the_first_frame_from_a_pts_on(pts: int, fps: Fraction) -> None:
    number = frame_number_from(pts, fps)
    assert frame_pts(number, fps) >= pts
    assert number == 0 or frame_pts(number - 1, fps) < pts


def test_a_frame_lasts_at_least_a_tick() -> None:
    with pytest.raises(ValueError, match="at least one tick"):
        Timeline(0)


def test_frames_are_due_at_their_distance_from_the_first() -> None:
    pacer = Pacer()
    assert pacer.due_ns(0, 500) == 500
    assert pacer.due_ns(TIMESCALE, 700) == 500 + SECOND_NS


@given(st.lists(st.integers(-SECOND_NS, SECOND_NS)))
def test_frames_are_due_sooner_by_all_shifts_so_far(shifts_ns: list[int]) -> None:
    pacer = Pacer()
    pacer.request_shift(SECOND_NS)  # there is nothing yet that it could shift
    assert pacer.due_ns(0, 500) == 500
    for shift_ns in shifts_ns:
        pacer.request_shift(shift_ns)
    assert pacer.due_ns(TIMESCALE, 700) == 500 + SECOND_NS - sum(shifts_ns)


def release_times(made: SyncController, number: int, pts: int, now_ns: int) -> dict[str, int]:
    """When both pictures of a frame leave: raw is ready after 2 ms, its detections after 100."""
    left_ns: dict[str, int] = {}

    def settle(at_ns: int) -> None:
        while (event := made.next_event()) is not None:
            if isinstance(event, Release):
                left_ns[event.fragment.key.channel] = at_ns

    for key, cost_ms in ((RAW, 2), (ANNOTATED, 103)):
        ready_ns = now_ns + cost_ms * MS_NS
        boxes = Boxes(pts, [], now_ns + 100 * MS_NS) if key is ANNOTATED else None
        frame = EncodedFrame(pts, FRAME, True, 0, now_ns, 0.0, ready_ns, boxes)
        if key is ANNOTATED:
            made.receive_lag(ANNOTATED.channel, pts, 100 * MS_NS, now_ns + 100 * MS_NS)
            settle(now_ns + 100 * MS_NS)
        made.receive_fragment(Fragment(key, number, "", (frame,), b""), ready_ns)
        settle(ready_ns)
    made.handle_timer(now_ns + 500 * MS_NS)
    settle(now_ns + 500 * MS_NS)
    return left_ns


@pytest.mark.parametrize("ppm", [200, -200], ids=["fast", "slow"])
def test_a_capture_clock_that_is_off_for_a_day_adds_no_latency(ppm: int) -> None:
    # One frame in eight seconds: drift comes from the time that passes, not from frames.
    step_s, day_s = 8, 24 * 3600
    clock, made = MediaClock(step_s * TIMESCALE), controller(SyncPolicy.HYBRID)
    latencies_ns, pts = list[tuple[int, int]](), 0
    for number in range(day_s // step_s):
        now_ns = number * step_s * SECOND_NS
        pts = clock.receive_frame(round(number * step_s * TIMESCALE * (1 + ppm / 1e6)), now_ns)
        left_ns = release_times(made, number, pts, now_ns)
        raw_ns, annotated_ns = (left_ns[channel] - now_ns for channel in ChannelType)
        latencies_ns.append((raw_ns, annotated_ns))
    ahead_s = pts / TIMESCALE - (day_s - step_s)
    assert abs(ahead_s) < 0.1, "media time follows the clock of this machine"
    hour = 3600 // step_s
    assert set(latencies_ns[-hour:]) == set(latencies_ns[hour : 2 * hour]), "nothing grows"
    assert all(annotated - raw <= 50 * MS_NS for raw, annotated in latencies_ns[-hour:])
    assert clock.re_anchors == made.counts["re-anchor"] == 0


def test_a_file_is_paced_for_a_day_without_drifting() -> None:
    pacer, fps, started_ns = Pacer(), Fraction(30000, 1001), 7 * SECOND_NS
    for number in range(0, 24 * 3600 * 30, 900):
        due_ns = started_ns + round(number * SECOND_NS / fps)
        captured_ns = pacer.due_ns(frame_pts(number, fps), due_ns)
        assert abs(captured_ns - due_ns) <= SECOND_NS / TIMESCALE
