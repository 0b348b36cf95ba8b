"""The published baselines: by hand on small traces, and what must hold on any."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from benchmarks.baselines import (
    BASELINES,
    Arrivals,
    approximate_pairs,
    best_fixed_delay,
    clairvoyant_hold,
    stream_mux,
    webrtc_hold,
)
from benchmarks.baselines.fixed_delay import MAX_VIOLATIONS
from benchmarks.baselines.webrtc import StreamSynchronization
from benchmarks.sync_policies import main
from hypothesis import given, settings
from hypothesis import strategies as st

from streamlab.analysis import Outcome, Trace, make_trace, replay
from streamlab.analysis.trace import NO_RESULT, Column
from streamlab.core.sync.policy import SyncPolicy
from streamlab.core.time.timebase import NS_PER_MS

TOLERANCE_MS = 50.0
Baseline = Callable[[Arrivals], Outcome]
FEW = settings(max_examples=40, deadline=None)
ALL = pytest.mark.parametrize("baseline", BASELINES.values(), ids=BASELINES)


def ms(values: Sequence[float]) -> Column:
    return (np.array(values) * NS_PER_MS).astype(np.int64)


def in_ms(column: Column) -> list[float | None]:
    return [None if ns == NO_RESULT else ns / NS_PER_MS for ns in column.tolist()]


def arrivals(
    annotated_ready_ms: Sequence[float],
    raw_ready_ms: Sequence[float] | None = None,
    captured_ms: Sequence[float] | None = None,
) -> Arrivals:
    """Frames 100 ms apart unless said otherwise, each with boxes of its own."""
    captured = captured_ms or [100.0 * k for k in range(len(annotated_ready_ms))]
    pts = np.array([round(at * 90) for at in captured], np.int64)
    annotated = ms(annotated_ready_ms)
    raw = ms(raw_ready_ms or captured)
    trace = Trace(pts, ms(captured), raw, annotated, np.zeros_like(pts))
    return Arrivals(trace, annotated, pts)


@st.composite
def any_arrivals(draw: st.DrawFn) -> Arrivals:
    """Any pace of frames, and any annotated channel in order, also ahead of raw."""
    frame = st.tuples(st.integers(1, 400), st.integers(0, 100), st.integers(0, 6000))
    steps, raw, annotated = np.array(draw(st.lists(frame, min_size=1, max_size=40))).T
    captured = np.cumsum(steps)
    return arrivals(
        np.maximum.accumulate(captured + annotated).tolist(),
        (captured + raw).tolist(),
        captured.tolist(),
    )


@ALL
@FEW
@given(given_=any_arrivals())
def test_nothing_is_reordered_or_early(baseline: Baseline, given_: Arrivals) -> None:
    outcome = baseline(given_)
    for released_ns, ready_ns in (
        (outcome.raw_released_ns, given_.trace.raw_ready_ns),
        (outcome.annotated_released_ns, given_.annotated_ready_ns),
    ):
        left = released_ns != NO_RESULT
        assert (released_ns[left] >= ready_ns[left]).all()
        assert (np.diff(released_ns[left]) >= 0).all()
    lost = outcome.annotated_released_ns == NO_RESULT
    assert (outcome.detections_pts == np.where(lost, NO_RESULT, given_.detections_pts)).all()


@pytest.mark.parametrize("baseline", [clairvoyant_hold, best_fixed_delay, webrtc_hold])
@FEW
@given(given_=any_arrivals())
def test_a_delay_loses_nothing(baseline: Baseline, given_: Arrivals) -> None:
    outcome = baseline(given_)
    assert (outcome.raw_released_ns != NO_RESULT).all()
    assert (outcome.annotated_released_ns != NO_RESULT).all()


# -- what arrives ------------------------------------------------------------------------


def test_frames_wait_for_their_own_result_and_those_without_for_their_turn() -> None:
    captured = ms([0, 33, 67, 100])
    trace = Trace(
        pts=np.array([0, 3000, 6000, 9000]),
        captured_ns=captured,
        raw_ready_ns=captured + NS_PER_MS,
        result_ns=np.where([True, False, False, True], ms([90, 0, 0, 115]), NO_RESULT),
        cost_ns=ms([2, 3, 4, 2]),
    )
    came = Arrivals.of(trace)
    # Frame 1 was refused when frame 2 came, and waits for frame 0; frame 2 is refused at 100.
    assert in_ms(came.annotated_ready_ns) == [92, 95, 104, 117]
    assert came.detections_pts.tolist() == [0, 0, 0, 9000]


# -- the limits of waiting ---------------------------------------------------------------


def test_clairvoyant_by_hand() -> None:
    outcome = clairvoyant_hold(arrivals([20, 220, 230, 460], [0, 100, 200, 300]))
    assert in_ms(outcome.raw_released_ns) == [0, 170, 200, 410]
    assert in_ms(outcome.annotated_released_ns) == [20, 220, 230, 460]


@FEW
@given(any_arrivals())
def test_clairvoyant_never_violates_and_could_not_be_earlier(given_: Arrivals) -> None:
    outcome = clairvoyant_hold(given_)
    raw_ns, annotated_ns = outcome.raw_released_ns, given_.annotated_ready_ns
    assert outcome.violations(TOLERANCE_MS) == 0
    bound_by_raw = raw_ns == given_.raw_ready_ns
    bound_by_tolerance = raw_ns == annotated_ns - TOLERANCE_MS * NS_PER_MS
    bound_by_order = np.diff(raw_ns, prepend=NO_RESULT) == 0
    assert (bound_by_raw | bound_by_tolerance | bound_by_order).all()


@FEW
@given(any_arrivals())
def test_no_fixed_delay_beats_the_clairvoyant_on_what_it_keeps(given_: Arrivals) -> None:
    fixed, clairvoyant = best_fixed_delay(given_), clairvoyant_hold(given_)
    # With less than 1000 frames none may violate, so the fixed delay is a valid schedule.
    assert (fixed.raw_released_ns >= clairvoyant.raw_released_ns).all()


def test_best_fixed_delay_by_hand() -> None:
    outcome = best_fixed_delay(arrivals([20, 220, 230, 460]))
    assert in_ms(outcome.raw_released_ns) == [110, 210, 310, 410]
    assert in_ms(outcome.annotated_released_ns) == [110, 220, 310, 460]


def test_best_fixed_delay_may_violate_once_in_a_thousand_frames() -> None:
    captured = [float(100 * k) for k in range(2000)]
    behind = [900.0, 700.0, 300.0] + [20.0] * 1997
    ready = np.maximum.accumulate(np.add(captured, behind)).tolist()
    outcome = best_fixed_delay(arrivals(ready))
    # Behind by 900, 800, 700, 600, ... since the channel is in order: the third counts.
    assert outcome.added_latency_ms[0] == 650
    assert outcome.violations(TOLERANCE_MS) == MAX_VIOLATIONS


@FEW
@given(any_arrivals())
def test_best_fixed_delay_is_the_least(given_: Arrivals) -> None:
    outcome = best_fixed_delay(given_)
    assert outcome.violations(TOLERANCE_MS) <= MAX_VIOLATIONS
    raw_ns, ready_ns = outcome.raw_released_ns, given_.raw_ready_ns
    if (raw_ns > ready_ns).any():
        assert given_.annotated_after(raw_ns - 1).violations(TOLERANCE_MS) > MAX_VIOLATIONS


# -- WebRTC ------------------------------------------------------------------------------


def test_webrtc_smooths_by_four_and_takes_half_the_error() -> None:
    sync, delays_ms = StreamSynchronization(), []
    for _ in range(6):
        sync.receive_sample(100.0)
        delays_ms.append(sync.raw_ms)
    # 25; 43.75 -> 21.875; 19.5; 34.2 -> 17.1; 15.3; 26.7: within the dead band
    assert delays_ms == pytest.approx([0, 21.875, 21.875, 38.965, 38.965, 38.965], abs=0.001)


def test_webrtc_never_steps_by_more_than_80_ms() -> None:
    sync = StreamSynchronization()
    sync.receive_sample(4000.0)
    assert sync.raw_ms == 80
    sync.receive_sample(20_000.0)
    assert sync.raw_ms == 80


def test_webrtc_removes_added_delay_before_it_adds() -> None:
    sync = StreamSynchronization()
    sync.receive_sample(400.0)  # a quarter is 100, half of it 50
    assert (sync.raw_ms, sync.annotated_ms) == (50, 0)
    sync.receive_sample(-350.0)
    assert (sync.raw_ms, sync.annotated_ms) == (0, 0)
    sync.receive_sample(-400.0)
    assert (sync.raw_ms, sync.annotated_ms) == (0, 50)


def test_webrtc_leaves_a_constant_lag_within_its_dead_band() -> None:
    captured = [float(100 * k) for k in range(600)]
    outcome = webrtc_hold(arrivals([at + 400 for at in captured]))
    assert set(outcome.drift_ms[:10]) == {400.0}
    assert abs(outcome.drift_ms[-1]) < 50
    assert (np.diff(outcome.drift_ms) <= 0).all()


def test_webrtc_takes_no_sample_while_a_channel_is_silent() -> None:
    captured = [float(100 * k) for k in range(100)]
    stalled = [max(at + 20, 8000) for at in captured]
    outcome = webrtc_hold(arrivals(stalled))
    assert set(outcome.added_latency_ms[captured.index(1000) : captured.index(8000)]) == {0}


# -- gvastreammux ------------------------------------------------------------------------


def test_mux_pushes_together_what_comes_within_its_wait() -> None:
    outcome = stream_mux(arrivals([30, 140, 205]))
    assert in_ms(outcome.raw_released_ns) == in_ms(outcome.annotated_released_ns) == [30, 140, 205]


def test_mux_pushes_raw_alone_and_then_waits_in_vain_for_a_late_one() -> None:
    outcome = stream_mux(arrivals([70, 120, 220]))
    # Raw 0 leaves at 40; annotated 0 is the anchor from 70, and gets no raw until 110.
    assert in_ms(outcome.raw_released_ns) == [40, 120, 220]
    assert in_ms(outcome.annotated_released_ns) == [110, 120, 220]


def test_mux_drops_what_comes_after_the_next_frame_was_pushed() -> None:
    outcome = stream_mux(arrivals([150, 151, 220], captured_ms=[0, 100, 200]))
    # Raw 0 leaves at 40, raw 1 at 140: annotated 0 is older than the last batch by 100 ms.
    assert in_ms(outcome.raw_released_ns) == [40, 140, 220]
    assert in_ms(outcome.annotated_released_ns) == [None, 191, 220]


def test_mux_blocks_what_its_queue_cannot_hold() -> None:
    captured = [0.0, 33.0, 67.0, 100.0, 133.0]
    outcome = stream_mux(arrivals([60, 93, 127, 160, 193], captured_ms=captured))
    # Raw 0 and 1 leave alone, at 40 and 80. The waits for the annotated 0 and 1, in vain, until 120
    # and 160, keep raw 4 out from 133 on; then both channels are in step, 60 ms late.
    assert in_ms(outcome.raw_released_ns) == [40, 80, 160, 160, 193]
    assert in_ms(outcome.annotated_released_ns) == [120, 160, 160, 160, 193]


# -- ROS ---------------------------------------------------------------------------------


def test_approximate_time_waits_for_the_other_half() -> None:
    outcome = approximate_pairs(arrivals([30, 250, 260]))
    assert in_ms(outcome.raw_released_ns) == in_ms(outcome.annotated_released_ns) == [30, 250, 260]


def test_approximate_time_loses_both_when_a_queue_overflows() -> None:
    outcome = approximate_pairs(arrivals([350, 360, 370, 380]), queue_size=2)
    # At 200 the queue of two has no room for frame 2, at 300 none for frame 3.
    assert in_ms(outcome.raw_released_ns) == [None, None, 370, 380]
    assert in_ms(outcome.annotated_released_ns) == [None, None, 370, 380]


@FEW
@given(any_arrivals())
def test_approximate_time_is_together_or_not_at_all(given_: Arrivals) -> None:
    outcome = approximate_pairs(given_)
    assert (outcome.raw_released_ns == outcome.annotated_released_ns).all()


# -- beside our policies -----------------------------------------------------------------


@pytest.mark.parametrize("fault", ["lognormal", "in turn"])
def test_our_pairing_keeps_between_the_limits(fault: str) -> None:
    trace = make_trace(fault, seconds=30)
    pair = replay(trace, SyncPolicy.PAIR).added_latency_ms.mean()
    came = Arrivals.of(trace)
    assert clairvoyant_hold(came).added_latency_ms.mean() <= pair
    assert approximate_pairs(came).added_latency_ms.mean() == pytest.approx(pair, rel=0.1)


def test_the_table_has_a_row_for_every_method(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--seconds", "3", "--faults", "steady", "overload", "--markdown"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "|  | steady | overload |"
    assert len(lines) == 2 + len(BASELINES) + len(SyncPolicy)
    assert {line.count("|") for line in lines} == {4}
