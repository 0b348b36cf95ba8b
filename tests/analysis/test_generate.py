"""The faults that traces are made of are in them, as large as they say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from streamlab.analysis import make_trace
from streamlab.analysis.trace import NO_RESULT, keyframes
from streamlab.core.time.timebase import NS_PER_MS, NS_PER_S, TIMESCALE
from streamlab.faults import PRESETS, Faults
from streamlab.faults.detector import BURST_FRAMES

SECONDS = 600
FRAME = TIMESCALE // 30


@pytest.mark.parametrize("fault", PRESETS)
def test_every_trace_is_in_order_and_possible(fault: str) -> None:
    trace = make_trace(fault, seconds=70, seed=3)
    assert (np.diff(trace.pts) > 0).all()
    assert (np.diff(trace.captured_ns) > 0).all()
    assert (trace.raw_ready_ns > trace.captured_ns).all()
    answered = trace.result_ns != NO_RESULT
    assert (trace.result_ns > trace.captured_ns)[answered].all()
    assert (trace.cost_ns > 0).all()


@pytest.mark.parametrize("fault", PRESETS)
def test_the_seed_decides(fault: str) -> None:
    first, again, other = (make_trace(fault, seconds=5, seed=seed) for seed in (1, 1, 2))
    for name, column in first.columns().items():
        np.testing.assert_array_equal(column, again.columns()[name])
    assert first.result_ns.tolist() != other.result_ns.tolist()


def test_frames_are_lost_singly_and_in_bursts() -> None:
    steps = np.diff(make_trace("lost frames", seconds=SECONDS).pts) // FRAME
    lost = steps[steps > 1] - 1
    assert lost.sum() / SECONDS / 30 == pytest.approx(PRESETS["lost frames"].lost_fraction, rel=0.2)
    assert (lost == 1).any()
    assert (lost >= 10).any()


def test_a_fast_clock_gains_on_this_one() -> None:
    trace = make_trace("fast clock", seconds=SECONDS)
    media_ns = (trace.pts - trace.pts[0]) * NS_PER_S // TIMESCALE
    sooner = media_ns - (trace.captured_ns - trace.captured_ns[0])
    assert (np.diff(sooner) >= 0).all()
    clock_ppm = PRESETS["fast clock"].clock_ppm
    assert sooner[-1] / media_ns[-1] * 1e6 == pytest.approx(clock_ppm, rel=1e-3)


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
    assert late > usual + PRESETS["keyframe bursts"].keyframe_burst_ms / 2


def test_faults_make_the_trace_of_their_preset_and_carry_its_seed() -> None:
    preset = make_trace("spikes 200 ms", seconds=30, seed=4).columns()
    same = make_trace(replace(PRESETS["spikes 200 ms"], seed=4), seconds=30).columns()
    assert {name: column.tolist() for name, column in preset.items()} == {
        name: column.tolist() for name, column in same.items()
    }


def test_a_dead_detector_answers_nothing() -> None:
    assert (make_trace(Faults(detector_dead=True), seconds=5).result_ns == NO_RESULT).all()


def test_frames_come_one_after_another_when_a_stalled_source_is_back() -> None:
    trace = make_trace(Faults(source_stall_ms=500, source_stall_every_s=2), seconds=3)
    steps_ms = np.diff(trace.captured_ns) / NS_PER_MS
    assert steps_ms.max() == pytest.approx(500 + 1000 / 30, abs=1)
    assert (steps_ms < 2).sum() == 15
    assert trace.captured_ns[-1] == 89 * NS_PER_S // 30


def test_what_does_not_recur_hits_the_first_frame() -> None:
    trace = make_trace(Faults(draw_stall_ms=300, stage_stall_frames=2), seconds=2)
    slow = trace.cost_ns > 300 * NS_PER_MS
    assert np.flatnonzero(slow).tolist() == [0, 1]
