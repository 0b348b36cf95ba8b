"""Every policy on every kind of trace, on virtual time: what must never happen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamlab.analysis import Trace, make_trace, replay
from streamlab.analysis.trace import NO_RESULT
from streamlab.core.sync.policy import SyncPolicy
from streamlab.core.time.timebase import NS_PER_MS
from streamlab.faults import PRESETS

POLICIES = pytest.mark.parametrize("policy", list(SyncPolicy))
MAX_DELAY_MS = 250.0


@st.composite
def traces(draw: st.DrawFn) -> Trace:
    """Any detector at all: slow, fast, silent, out of order; any pace of frames."""
    count = draw(st.integers(1, 60))
    steps_ms = draw(st.lists(st.integers(1, 400), min_size=count, max_size=count))
    lags_ms = draw(st.lists(st.none() | st.integers(0, 6000), min_size=count, max_size=count))
    costs_ms = draw(st.lists(st.integers(0, 30), min_size=count, max_size=count))
    captured = np.cumsum(steps_ms).astype(np.int64) * NS_PER_MS
    results = [
        NO_RESULT if lag is None else int(at) + lag * NS_PER_MS
        for at, lag in zip(captured, lags_ms, strict=True)
    ]
    return Trace(
        pts=captured * 9 // (100 * 1000),
        captured_ns=captured,
        raw_ready_ns=captured + NS_PER_MS,
        result_ns=np.array(results, np.int64),
        cost_ns=np.array(costs_ms, np.int64) * NS_PER_MS,
    )


@POLICIES
@settings(max_examples=40, deadline=None)
@given(trace=traces())
def test_nothing_is_reordered_early_late_or_lost(policy: SyncPolicy, trace: Trace) -> None:
    outcome = replay(trace, policy, max_playout_delay_ms=MAX_DELAY_MS)
    raw, annotated = outcome.raw_released_ns, outcome.annotated_released_ns
    assert (raw >= trace.raw_ready_ns).all()
    assert (raw <= trace.raw_ready_ns + MAX_DELAY_MS * NS_PER_MS).all()
    assert (annotated >= trace.captured_ns).all()
    assert (np.diff(raw) >= 0).all()
    assert (np.diff(annotated) >= 0).all()
    assert (outcome.detections_pts <= trace.pts).all()
    if policy is not SyncPolicy.NONE:
        assert (annotated >= raw).all()


@pytest.mark.parametrize("fault", sorted(PRESETS.keys() - {"slow drawing"}))
def test_hybrid_hardly_ever_violates_and_costs_less_than_pairing(fault: str) -> None:
    trace = make_trace(fault, seconds=120)
    hybrid, pair = (replay(trace, policy) for policy in (SyncPolicy.HYBRID, SyncPolicy.PAIR))
    assert hybrid.violations(50) <= 0.0012  # of 3,600 frames: 0.1 % gives or takes one
    assert hybrid.added_latency_ms.mean() < pair.added_latency_ms.mean()
    assert hybrid.fresh.mean() >= 0.75 * pair.fresh.mean()


def test_frames_that_are_late_whatever_one_does_are_no_more_than_with_pairing() -> None:
    trace = make_trace("slow drawing", seconds=130)
    hybrid, pair = (replay(trace, policy) for policy in (SyncPolicy.HYBRID, SyncPolicy.PAIR))
    assert 0 < hybrid.violations(50) <= pair.violations(50)
    assert hybrid.fresh.mean() >= pair.fresh.mean()


def test_a_fast_detector_costs_nothing_and_stays_fresh() -> None:
    outcome = replay(make_trace("steady", seconds=60), SyncPolicy.HYBRID)
    assert outcome.added_latency_ms.mean() < 1
    assert outcome.fresh.mean() > 0.99


def test_waiting_alone_cannot_win() -> None:
    trace = make_trace("stalls 3 s", seconds=130)
    assert replay(trace, SyncPolicy.HOLD).violations(50) > 0.004
    assert replay(trace, SyncPolicy.HYBRID).violations(50) <= 0.001


def test_a_deadline_is_smooth() -> None:
    outcome = replay(make_trace("lognormal", seconds=60), SyncPolicy.DEADLINE)
    assert np.ptp(np.diff(outcome.raw_released_ns)) < NS_PER_MS


def test_traces_are_the_same_for_the_same_seed() -> None:
    for name, column in make_trace("lognormal", seconds=5).columns().items():
        assert (column == make_trace("lognormal", seconds=5).columns()[name]).all()
