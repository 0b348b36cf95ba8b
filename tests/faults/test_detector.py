"""Faults as data, the delays that follow from them, and a detector that has them."""

from __future__ import annotations

import threading
from statistics import median

import pytest
import supervision as sv
from hypothesis import given
from hypothesis import strategies as st

from streamlab.core.time.timebase import NS_PER_S
from streamlab.detect.scripted import ScriptedDetector, no_detector
from streamlab.errors import InvalidRequestError, ModelError
from streamlab.faults import NO_FAULTS, PRESETS, Faults, find_preset
from streamlab.faults.detector import BURST_FRAMES, Delay, DelayPlan, FaultyDetector
from streamlab.faults.recurrence import Recurrence
from tests.detect.pictures import grey_picture

TIMEOUT_S = 120.0
FRAME_NS = NS_PER_S // 30
PICTURE = grey_picture(64, 36)


def delays(faults: Faults, seconds: int = 600, *, gop: int = 30) -> list[Delay]:
    plan = DelayPlan(faults, 0)
    return [
        plan.receive_frame(number * FRAME_NS, keyframe=number % gop == 0)
        for number in range(30 * seconds)
    ]


def medians_ms(plan: list[Delay]) -> float:
    return median(delay.at_least_ns for delay in plan) / 1e6


@pytest.mark.parametrize(("name", "lag_ms"), [("steady", 18), ("lognormal", 60), ("overload", 160)])
def test_lags_have_their_median(name: str, lag_ms: float) -> None:
    assert medians_ms(delays(find_preset(name))) == pytest.approx(lag_ms, rel=0.03)


@pytest.mark.parametrize(("name", "times"), [("spikes 200 ms", 59), ("stalls 3 s", 9)])
def test_stalls_come_as_often_as_in_the_traces(name: str, times: int) -> None:
    stalled = [delay for delay in delays(find_preset(name)) if delay.stalled]
    assert len(stalled) == times
    assert {delay.longer_ns for delay in stalled} == {round(PRESETS[name].stall_ms * 1e6)}


def test_several_results_in_a_row_stall() -> None:
    plan = delays(Faults(stall_ms=100, stall_frames=3, stall_every_s=1), 3)
    stalled = [number for number, delay in enumerate(plan) if delay.stalled]
    assert stalled == [31, 32, 33, 61, 62, 63]


def test_lags_take_turns() -> None:
    plan = delays(find_preset("in turn"), 180)
    minutes = [medians_ms(plan[start : start + 1800]) for start in (0, 1800, 3600)]
    assert minutes == pytest.approx([18, 60, 18], rel=0.05)


def test_frames_behind_a_keyframe_are_slow() -> None:
    plan = delays(find_preset("keyframe bursts"), 2)
    slow = [number for number, delay in enumerate(plan) if delay.longer_ns]
    assert slow == [*range(BURST_FRAMES), *range(30, 30 + BURST_FRAMES)]


@given(st.builds(Faults, lag_median_ms=st.floats(0, 100), lag_sigma=st.floats(0, 3)))
def test_delays_follow_from_the_faults(faults: Faults) -> None:
    assert delays(faults, 1) == delays(faults, 1)


@given(*[st.integers(0, 10**12)] * 4)
def test_no_result_comes_before_it_is_there(
    at_least_ns: int, longer_ns: int, started_ns: int, needed_ns: int
) -> None:
    came_ns = started_ns + needed_ns
    due_ns = Delay(at_least_ns, longer_ns).due_ns(started_ns, came_ns)
    assert due_ns == max(came_ns, started_ns + at_least_ns) + longer_ns


@given(st.lists(st.integers(0, 100), min_size=1).map(sorted))
def test_what_recurs_comes_once_a_period(times_s: list[int]) -> None:
    recurrence = Recurrence(10, 0)
    came_s = [now_s for now_s in times_s if recurrence.receive_time(now_s * NS_PER_S)]
    periods = [now_s // 10 for now_s in came_s]
    assert periods == sorted({now_s // 10 for now_s in times_s} - {0})


def test_what_does_not_recur_comes_at_once() -> None:
    recurrence = Recurrence(0, 5)
    assert [recurrence.receive_time(now_ns) for now_ns in (5, 6, 7)] == [True, False, False]


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [("lost_fraction", 1.5, "0 to 1"), ("stall_ms", -1, "0 to"), ("lag_sigma", float("nan"), "3")],
)
def test_a_fault_out_of_range_is_told_what_is_allowed(
    field: str, value: float, allowed: str
) -> None:
    with pytest.raises(InvalidRequestError, match=f"{field} is .*{allowed}"):
        Faults(**{field: value})  # type: ignore[arg-type]


def test_faults_are_described_by_what_is_wrong() -> None:
    assert Faults(stall_ms=5, seed=2).describe() == {"stall_ms": 5, "seed": 2}
    assert Faults(seed=2).describe() == NO_FAULTS.describe() == {}
    with pytest.raises(InvalidRequestError, match="unknown fault preset 'rain'; allowed: steady"):
        find_preset("rain")


def test_a_detector_without_faults_is_itself() -> None:
    found = sv.Detections.empty()
    detector = FaultyDetector(ScriptedDetector(lambda _: found, "script"))
    assert detector.detect([PICTURE, PICTURE]) == [found, found]
    assert (detector.name, detector.kind, detector.counts) == ("script", "scripted", {})
    detector.close()


def test_a_dead_detector_raises_until_it_is_revived() -> None:
    detector = FaultyDetector(no_detector(), Faults(detector_dead=True))
    with pytest.raises(ModelError, match="dead"):
        detector.detect([PICTURE])
    assert detector.counts == {"injected_refusals": 1}
    detector.inject(NO_FAULTS)
    assert len(detector.detect([PICTURE])) == 1


def test_a_stall_ends_when_the_faults_do() -> None:
    seen = threading.Event()

    def script(_: object) -> sv.Detections:
        seen.set()
        return sv.Detections.empty()

    detector = FaultyDetector(ScriptedDetector(script, "script"), Faults(stall_ms=60_000))
    thread = threading.Thread(target=lambda: detector.detect([PICTURE]))
    thread.start()
    assert seen.wait(TIMEOUT_S)
    detector.inject(NO_FAULTS)
    thread.join(TIMEOUT_S)
    assert not thread.is_alive()
    assert detector.counts["injected_stalls"] == 1
