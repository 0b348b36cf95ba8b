"""The faults that traces are made of are in them, as large as they say."""

from __future__ import annotations

import numpy as np
import pytest

from streamlab.core.timebase import NS_PER_MS, NS_PER_S, TIMESCALE
from streamlab.traces import FAULTS, make_trace
from streamlab.traces.faults import BURST_FRAMES, BURST_LAG_MS, FAST_CLOCK_PPM, LOST_SHARE
from streamlab.traces.trace import NO_RESULT, keyframes

SECONDS = 600
FRAME = TIMESCALE // 30


@pytest.mark.parametrize("fault", FAULTS)
def test_every_trace_is_in_order_and_possible(fault: str) -> None:
    trace = make_trace(fault, seconds=70, seed=3)
    assert (np.diff(trace.pts) > 0).all()
    assert (np.diff(trace.captured_ns) > 0).all()
    assert (trace.raw_ready_ns > trace.captured_ns).all()
    answered = trace.result_ns != NO_RESULT
    assert (trace.result_ns > trace.captured_ns)[answered].all()
    assert (trace.cost_ns > 0).all()


@pytest.mark.parametrize("fault", FAULTS)
def test_the_seed_decides(fault: str) -> None:
    first, again, other = (make_trace(fault, seconds=5, seed=seed) for seed in (1, 1, 2))
    for name, column in first.columns().items():
        np.testing.assert_array_equal(column, again.columns()[name])
    assert first.result_ns.tolist() != other.result_ns.tolist()


def test_frames_are_lost_singly_and_in_bursts() -> None:
    steps = np.diff(make_trace("lost frames", seconds=SECONDS).pts) // FRAME
    lost = steps[steps > 1] - 1
    assert lost.sum() / SECONDS / 30 == pytest.approx(LOST_SHARE, rel=0.2)
    assert (lost == 1).any()
    assert (lost >= 10).any()


def test_a_fast_clock_gains_on_this_one() -> None:
    trace = make_trace("fast clock", seconds=SECONDS)
    media_ns = (trace.pts - trace.pts[0]) * NS_PER_S // TIMESCALE
    sooner = media_ns - (trace.captured_ns - trace.captured_ns[0])
    assert (np.diff(sooner) >= 0).all()
    assert sooner[-1] / media_ns[-1] * 1e6 == pytest.approx(FAST_CLOCK_PPM, rel=1e-3)


def test_keyframes_are_dear_and_the_frames_behind_them_late() -> None:
    trace = make_trace("keyframe bursts", seconds=SECONDS)
    key = keyframes(trace.pts)
    assert key.sum() == SECONDS
    assert np.median(trace.cost_ns[key]) > 3 * np.median(trace.cost_ns[~key])
    assert np.median((trace.raw_ready_ns - trace.captured_ns)[key]) > 3 * NS_PER_MS
    behind = np.zeros(len(trace), np.bool_)
    for step in range(BURST_FRAMES):
        behind |= np.roll(key, step)
    answered = trace.result_ns != NO_RESULT
    lag_ms = (trace.result_ns - trace.captured_ns) / NS_PER_MS
    late, usual = np.median(lag_ms[behind & answered]), np.median(lag_ms[~behind & answered])
    assert late > usual + BURST_LAG_MS / 2
