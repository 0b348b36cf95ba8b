"""What the delays follow: lags and costs of the last seconds, and nothing after a leap of time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.core.channels import ChannelType, SyncState
from streamlab.core.mp4.fragment import Boxes, EncodedFrame, Fragment
from streamlab.core.sync.controller import SyncController
from streamlab.core.sync.drift import RECOVERY_NS
from streamlab.core.sync.playout import PlayoutControl
from streamlab.core.sync.policy import SyncPolicy
from streamlab.core.sync.raw import RE_ANCHOR_NS
from streamlab.core.sync.rule import DEAD_BAND_NS, FIRST_COST_NS, MAX_STEP_NS, follow
from tests.core.makers import ANNOTATED, FRAME, MS_NS, RAW, controller
from tests.core.virtual_camera import VirtualCamera

FRAME_NS = 33 * MS_NS
TOLERANCE_NS, MAX_DELAY_NS = 50 * MS_NS, 250 * MS_NS


def control(policy: SyncPolicy = SyncPolicy.HYBRID) -> PlayoutControl:
    return PlayoutControl(
        policy, tolerance_ns=TOLERANCE_NS, max_delay_ns=MAX_DELAY_NS, max_stale_fraction=0.2
    )


def frame(number: int, captured_ns: int, decided_ns: int | None = None) -> EncodedFrame:
    boxes = None if decided_ns is None else Boxes(number * FRAME, [], decided_ns)
    return EncodedFrame(number * FRAME, FRAME, True, 0, captured_ns, 0.0, captured_ns, boxes)


def see(seen: PlayoutControl, number: int, lag_ms: int, cost_ms: int) -> int:
    """A frame whose boxes are decided when they come; return when it was ready."""
    captured_ns = number * FRAME_NS
    decided_ns = captured_ns + lag_ms * MS_NS
    ready_ns = decided_ns + cost_ms * MS_NS
    seen.receive_raw(frame(number, captured_ns), captured_ns + 2 * MS_NS)
    seen.receive_lag(lag_ms * MS_NS, decided_ns)
    seen.receive_annotated(frame(number, captured_ns, decided_ns), ready_ns)
    return ready_ns


@given(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9))
def test_a_step_goes_towards_its_target_and_is_bounded(current_ns: int, target_ns: int) -> None:
    moved_ns = follow(current_ns, target_ns) - current_ns
    error_ns = target_ns - current_ns
    assert abs(moved_ns) <= min(abs(error_ns), MAX_STEP_NS)
    assert moved_ns * error_ns >= 0
    assert moved_ns or 0 <= error_ns <= DEAD_BAND_NS


def test_a_delay_arrives_where_it_is_wanted() -> None:
    delay_ns = 0
    for _ in range(40):
        delay_ns = follow(delay_ns, 200 * MS_NS)
    assert 0 <= 200 * MS_NS - delay_ns <= DEAD_BAND_NS


def test_waiting_begins_where_results_need_it_and_ends_where_they_do_not() -> None:
    seen, now_ns = control(), 0
    for number in range(600):
        now_ns = see(seen, number, 100 if number < 200 else 15, 3)
        if number % 15 == 0:
            seen.adapt(now_ns)
        if number == 195:
            assert seen.playout.box_deadline_ns >= 98 * MS_NS
            assert seen.playout.hold_ns > 0
    assert seen.playout.hold_ns == 0


@pytest.mark.parametrize("policy", list(SyncPolicy))
def test_a_few_slow_frames_do_not_take_the_time_that_boxes_have(policy: SyncPolicy) -> None:
    seen, now_ns = control(policy), 0
    for number in range(120):
        now_ns = see(seen, number, 60, 700 if 60 <= number < 63 else 3)
        if number % 15 == 0:
            seen.adapt(now_ns)
            assert seen.can_wait_for(60 * MS_NS)


def test_after_a_restart_nothing_seen_before_counts() -> None:
    seen, now_ns = control(), 0
    for number in range(60):
        now_ns = see(seen, number, 20, 200)
    seen.adapt(now_ns)
    assert not seen.can_wait_for(200 * MS_NS)
    seen.request_restart()
    for number in range(60, 64):
        now_ns = see(seen, number, 20, 3)
    seen.adapt(now_ns)
    assert seen.can_wait_for(200 * MS_NS)


def test_until_frames_were_seen_a_cost_is_assumed() -> None:
    seen = control(SyncPolicy.DEADLINE)
    seen.adapt(0)
    assert seen.playout.box_deadline_ns == MAX_DELAY_NS - FIRST_COST_NS


def pair(sync: SyncController, number: int, raw_ns: int, apart_ns: int = 0) -> None:
    for key, at_ns in ((RAW, raw_ns), (ANNOTATED, raw_ns + apart_ns)):
        boxes = at_ns if key is ANNOTATED else None
        sync.receive_fragment(
            Fragment(key, number, "", (frame(number, raw_ns, boxes),), b""), at_ns
        )


def test_a_leap_of_media_time_forgets_what_was_learnt() -> None:
    sync = controller(SyncPolicy.NONE)
    pair(sync, 0, 0)
    pair(sync, 1, FRAME_NS)
    assert sync.counts["re-anchor"] == 0
    pair(sync, 2, FRAME_NS + RE_ANCHOR_NS + 34 * MS_NS)
    assert sync.counts["re-anchor"] == 1


def test_a_slow_camera_is_synchronized_again_by_time_and_not_by_ten_frames() -> None:
    sync, second_ns = controller(SyncPolicy.NONE, max_violations=10), 10**9
    for number in range(12):
        pair(sync, number * 30, number * second_ns, 100 * MS_NS)
    states = [sync.meter.state]
    needed = RECOVERY_NS // second_ns + 1
    for number in range(12, 12 + needed):
        pair(sync, number * 30, number * second_ns)
        states.append(sync.meter.state)
    assert states == [SyncState.DEGRADED] * needed + [SyncState.SYNCHRONIZED]


def test_the_share_of_fresh_frames_over_a_span() -> None:
    camera = VirtualCamera(controller(SyncPolicy.PAIR))
    for number in range(120):
        camera.capture(number, number * FRAME_NS, None if number < 60 else 20 * MS_NS, 3 * MS_NS)
    camera.run()
    meter = camera.controller.meter
    assert meter.fresh_fraction(camera.now_ns, 1.0) == 1.0
    assert meter.fresh_fraction(camera.now_ns + 10**12, 1.0) is None
    assert len(camera.left_ns[ChannelType.RAW]) == 120


def test_a_frame_whose_annotated_picture_was_passed_over_is_unpaired() -> None:
    sync = controller(SyncPolicy.NONE)
    for number in (0, 2):
        boxed = frame(number, 0, 0)
        sync.receive_fragment(Fragment(ANNOTATED, number, "", (boxed,), b""), 0)
    for number in (1, 2):
        sync.receive_fragment(Fragment(RAW, number, "", (frame(number, 0),), b""), 0)
    assert sync.meter.counts["unpaired"] == 2
    sync.request_restart()
    assert sync.meter.status(0).drift_ms is None
