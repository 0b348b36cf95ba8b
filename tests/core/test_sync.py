from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streamlab.core.channels import SyncState
from streamlab.core.events import Sync
from streamlab.core.sync.controller import SyncController
from streamlab.core.sync.events import BoxDeadline, Release
from streamlab.core.sync.playout import MAX_UNPAIRED
from streamlab.core.sync.policy import SyncPolicy
from streamlab.core.sync.rule import PATIENT_NS
from tests.core.makers import ANNOTATED, MS_NS, RAW, controller, fragment
from tests.core.virtual_camera import VirtualCamera


def drain(made: SyncController) -> list[Release | Sync]:
    events = []
    while (event := made.next_event()) is not None:
        if not isinstance(event, BoxDeadline):
            events.append(event)
    return events


def deadlines_ns(made: SyncController) -> list[int]:
    deadlines = []
    while (event := made.next_event()) is not None:
        if isinstance(event, BoxDeadline):
            deadlines.append(event.deadline_ns)
    return deadlines


def release_pair(made: SyncController, number: int, drift_ms: float, at_ms: float) -> None:
    raw_ns = round((at_ms + max(0.0, -drift_ms)) * MS_NS)
    annotated_ns = round((at_ms + max(0.0, drift_ms)) * MS_NS)
    order = [(raw_ns, RAW), (annotated_ns, ANNOTATED)]
    for now_ns, key in sorted(order, key=lambda pair: pair[0]):
        made.receive_fragment(fragment(key, number), now_ns)


@given(st.lists(st.floats(-400, 400), min_size=1, max_size=80))
def test_drift_is_what_lies_between_the_releases(drifts_ms: list[float]) -> None:
    made, at_ms = controller(), 0.0
    for number, drift_ms in enumerate(drifts_ms):
        release_pair(made, number, drift_ms, at_ms)
        at_ms += 1000
    now_ns = round(at_ms * MS_NS)
    measured = made.meter.drifts_ms.values(now_ns)
    expected = drifts_ms[-len(measured) :]
    assert all(abs(a - b) < 1e-3 for a, b in zip(measured, expected, strict=True))
    beyond = sum(abs(drift) > 50 for drift in drifts_ms)
    assert abs(made.meter.counts["violations"] - beyond) <= sum(
        abs(abs(drift) - 50) < 1e-3 for drift in drifts_ms
    )


def test_every_fragment_is_released_at_once_in_order() -> None:
    made = controller()
    fragments = [fragment(RAW, number) for number in range(5)]
    for item in fragments:
        made.receive_fragment(item, 0)
    assert [event.fragment for event in drain(made) if isinstance(event, Release)] == fragments


def test_violations_in_a_row_degrade_and_good_frames_heal() -> None:
    made = controller(max_violations=3)
    for number in range(3):
        release_pair(made, number, 120.0, number * 200.0)
    for number in range(3, 6):
        release_pair(made, number, 5.0, number * 200.0)
    states = [event.state for event in drain(made) if isinstance(event, Sync)]
    assert states == [SyncState.DEGRADED, SyncState.SYNCHRONIZED]
    assert made.meter.state is SyncState.SYNCHRONIZED


def test_one_bad_frame_is_a_violation_but_no_change_of_state() -> None:
    made = controller()
    release_pair(made, 0, 51.0, 0.0)
    assert made.meter.counts["violations"] == 1
    assert made.meter.state is SyncState.SYNCHRONIZED


def test_a_frame_that_waits_for_its_other_half_counts_as_drift_so_far() -> None:
    made = controller()
    release_pair(made, 0, 4.0, 0.0)
    made.receive_fragment(fragment(RAW, 1), 33 * MS_NS)
    assert made.meter.status(60 * MS_NS).drift_ms == 4.0
    assert made.meter.status(1033 * MS_NS).drift_ms == 1000.0
    assert not made.meter.status(1033 * MS_NS).is_synchronized


def test_frames_that_the_other_channel_went_past_are_forgotten() -> None:
    made = controller()
    made.receive_fragment(fragment(RAW, 0), 0)
    made.receive_fragment(fragment(ANNOTATED, 5), 1)
    made.receive_fragment(fragment(RAW, 5), 2)
    made.receive_fragment(fragment(RAW, 6), 3)
    assert made.meter.counts["unpaired"] == 1


def test_a_channel_alone_grows_nothing() -> None:
    made = controller()
    for number in range(3 * MAX_UNPAIRED):
        made.receive_fragment(fragment(RAW, number), number)
    assert made.meter.counts["unpaired"] == 2 * MAX_UNPAIRED


def test_a_report_comes_once_per_interval() -> None:
    made = controller()
    timer_ns = made.get_timer()
    assert timer_ns is not None
    assert timer_ns <= 1000 * MS_NS
    release_pair(made, 0, 4.0, 0.0)
    drain(made)
    made.handle_timer(999 * MS_NS)
    assert drain(made) == []
    made.handle_timer(1000 * MS_NS)
    (report,) = drain(made)
    assert isinstance(report, Sync)
    assert (report.drift_ms, report.is_synchronized, report.correction) == (4.0, True, "none")


def test_nothing_is_reported_before_anything_is_measured() -> None:
    made = controller()
    made.handle_timer(1000 * MS_NS)
    assert drain(made) == []
    assert made.report(1000 * MS_NS) is None


def test_a_channel_that_died_degrades_the_stream() -> None:
    made = controller(max_violations=3)
    for number in range(3):
        made.receive_fragment(fragment(RAW, number), number * 33 * MS_NS)
    made.handle_timer(1000 * MS_NS)
    assert made.meter.state is SyncState.DEGRADED


def test_freshness_is_the_share_of_frames_with_boxes_of_their_own() -> None:
    made = controller()
    for number in range(4):
        made.receive_fragment(fragment(RAW, number), 0)
        made.receive_fragment(fragment(ANNOTATED, number, fresh=number % 2 == 0), 0)
    report = made.report(1)
    assert report is not None
    assert report.fresh_fraction == 0.5
    assert made.meter.counts["stale"] == 2


def test_a_channel_that_comes_back_needs_as_many_good_frames() -> None:
    made = controller(max_violations=3)
    for number in range(20):
        release_pair(made, number, 5.0, number * 33.0)
    for number in range(20, 24):
        made.receive_fragment(fragment(RAW, number), number * 33 * MS_NS)
    made.handle_timer(1000 * MS_NS)
    for number in range(30, 32):
        release_pair(made, number, 5.0, number * 33.0)
        assert made.meter.state is SyncState.DEGRADED
    release_pair(made, 32, 5.0, 32 * 33.0)
    assert made.meter.state is SyncState.SYNCHRONIZED


def test_an_annotated_frame_whose_raw_one_never_comes_leaves_after_the_bound() -> None:
    made = controller(SyncPolicy.PAIR, max_playout_delay_ms=100)
    item = fragment(ANNOTATED, 0)
    made.receive_fragment(item, 0)
    made.handle_timer(149 * MS_NS)
    assert drain(made) == []
    assert made.get_timer() == 150 * MS_NS
    made.handle_timer(150 * MS_NS)
    assert drain(made) == [Release(item)]


def test_a_request_is_told_to_the_annotator_once_and_only_when_it_moves_its_deadline() -> None:
    made = controller(SyncPolicy.DEADLINE, max_playout_delay_ms=250)
    (first_ns,) = deadlines_ns(made)
    made.request_max_stale_fraction(0.5)
    made.request_max_playout_delay(250)
    assert deadlines_ns(made) == []
    made.request_max_playout_delay(200)
    assert deadlines_ns(made) == [first_ns - 50 * MS_NS]
    made.request_policy(SyncPolicy.HYBRID)
    (spare_ns,) = deadlines_ns(made)
    made.request_tolerance(80)
    assert deadlines_ns(made) == [spare_ns + 30 * MS_NS]
    made.request_policy(SyncPolicy.PAIR)
    assert deadlines_ns(made) == [PATIENT_NS]


def test_a_lower_bound_holds_for_raw_that_waits_already() -> None:
    made = controller(SyncPolicy.PAIR, max_playout_delay_ms=250)
    item = fragment(RAW, 0)
    made.receive_fragment(item, 0)
    made.request_max_playout_delay(40)
    assert made.get_timer() <= 10 * MS_NS
    made.handle_timer(10 * MS_NS)
    assert drain(made) == []
    assert made.get_timer() == 40 * MS_NS
    made.handle_timer(40 * MS_NS)
    assert drain(made) == [Release(item)]


def test_a_quick_result_does_not_let_raw_run_ahead_of_the_frame_before_it() -> None:
    camera = VirtualCamera(controller(SyncPolicy.HYBRID))
    slow, quick = 300, 5
    for number in range(400):
        lag_ms = {300: slow, 301: quick}.get(number, 100)
        camera.capture(number, number * 33 * MS_NS, lag_ms * MS_NS, 3 * MS_NS)
    camera.run()
    assert camera.drift_ms(300) > 45, "drawn at its deadline, with boxes carried forward"
    assert camera.drift_ms(301) <= 50
