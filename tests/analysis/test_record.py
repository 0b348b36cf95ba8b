"""Recording: what the recorder makes of what it hears, and a live camera replayed."""

from __future__ import annotations

import asyncio
from typing import TypeAlias

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamlab.analysis import replay, to_trace
from streamlab.analysis.record import record, record_trace, running_camera
from streamlab.analysis.recorder import MAX_OPEN_FRAMES, TraceRecorder
from streamlab.analysis.table import COLUMNS
from streamlab.camera import DetectionTimed
from streamlab.core.channels import ChannelKey, ChannelType, QualityLevel
from streamlab.core.mp4.fragment import Boxes, EncodedFrame, Fragment
from streamlab.core.stream.events import FragmentReleased
from streamlab.core.stream.ring import Released
from streamlab.core.sync.policy import SyncPolicy
from streamlab.core.time.timebase import NS_PER_MS, NS_PER_S
from streamlab.detect.scripted import no_detector
from streamlab.errors import InvalidRequestError, SourceNotFoundError, SourceUnreachableError
from streamlab.media.spec import SourceSpec
from streamlab.settings import Settings

RAW, ANNOTATED = (ChannelKey(channel, QualityLevel.MEDIUM) for channel in ChannelType)
RAW_HIGH = ChannelKey(ChannelType.RAW, QualityLevel.HIGH)
INTERVAL_NS = 33 * NS_PER_MS
START_NS = 10 * NS_PER_S
TINY = "synthetic://traffic?width=160&height=90"

Step: TypeAlias = tuple[str, int]
"""What happens, and to which frame; each as often as the frame takes it."""
LINES = ("raw ready", "raw released", "annotated ready", "annotated released", "detected")


def captured_ns(number: int) -> int:
    return START_NS + number * INTERVAL_NS


def fragment(key: ChannelKey, number: int, *, late_ns: int = 0) -> Fragment:
    """The fragment of a frame that is ready 2 ms after its capture, or 5 ms when annotated."""
    boxes, ready_ns = None, captured_ns(number) + 2 * NS_PER_MS + late_ns
    if key.channel == ChannelType.ANNOTATED:
        ready_ns += 3 * NS_PER_MS
        boxes = Boxes(number * 3000, [], ready_ns - NS_PER_MS)
    frame = EncodedFrame(
        number * 3000, 3000, number % 30 == 0, 5, captured_ns(number), 0.0, ready_ns, boxes
    )
    return Fragment(key, number + 1, "init", (frame,), b"mdat")


def take(recorder: TraceRecorder, step: Step) -> None:
    what, number = step
    released_ns = captured_ns(number) + 6 * NS_PER_MS
    if what == "detected":
        recorder.receive(DetectionTimed("annotated", number * 3000, 4 * NS_PER_MS))
    else:
        key = RAW if what.startswith("raw") else ANNOTATED
        if what.endswith("ready"):
            recorder.receive(fragment(key, number))
        else:
            recorder.receive(FragmentReleased(Released(fragment(key, number), 0.0, 0), released_ns))


def take_all(recorder: TraceRecorder, numbers: range, lines: tuple[str, ...] = LINES) -> None:
    for number in numbers:
        for line in lines:
            take(recorder, (line, number))


@st.composite
def interleavings(draw: st.DrawFn) -> list[Step]:
    """The steps of a few frames: in order on each line, and ready before released."""
    count = draw(st.integers(1, 8))
    turns = draw(st.permutations([line for line in LINES for _ in range(count)]))
    steps, following = [], dict.fromkeys(LINES, 0)
    for turn in turns:
        channel, _, what = turn.partition(" ")
        ready = f"{channel} ready"
        line = turn
        if what == "ready" and following[ready] == count:
            line = f"{channel} released"
        elif what == "released" and following[turn] == following[ready]:
            line = ready
        steps.append((line, following[line]))
        following[line] += 1
    return steps


@settings(max_examples=50, deadline=None)
@given(steps=interleavings())
def test_a_row_is_the_same_in_whatever_order_it_was_heard_of(steps: list[Step]) -> None:
    recorder = TraceRecorder({}, START_NS)
    for step in steps:
        take(recorder, step)
    table = recorder.table()
    count = len(steps) // len(LINES)
    assert recorder.frames == count
    assert list(table.columns) == list(COLUMNS)
    at_ns = START_NS + np.arange(count) * INTERVAL_NS
    assert table["pts"].tolist() == [number * 3000 for number in range(count)]
    for name, after_ms in {
        "captured_ns": 0,
        "raw_ready_ns": 2,
        "result_ns": 4,
        "annotated_ready_ns": 5,
        "raw_released_ns": 6,
        "annotated_released_ns": 6,
    }.items():
        assert table[name].tolist() == (at_ns + after_ms * NS_PER_MS).tolist()
    assert set(table["cost_ns"]) == {NS_PER_MS}
    assert table["detections_pts"].tolist() == table["pts"].tolist()
    assert table["keyframe"].tolist() == [True] + [False] * (count - 1)
    assert set(table["raw_bytes"]) == set(table["annotated_bytes"]) == {5}


def test_the_first_quality_of_a_channel_counts() -> None:
    recorder = TraceRecorder({}, START_NS)
    take_all(recorder, range(2))
    for number in range(2):
        recorder.receive(fragment(RAW_HIGH, number, late_ns=NS_PER_MS))
        recorder.receive(FragmentReleased(Released(fragment(RAW_HIGH, number), 0.0, 0), 0))
    table = recorder.table()
    assert len(table) == recorder.frames == 2
    assert (table["raw_ready_ns"] == table["captured_ns"] + 2 * NS_PER_MS).all()
    assert (table["raw_released_ns"] == table["captured_ns"] + 6 * NS_PER_MS).all()


def test_only_frames_captured_between_start_and_stop_belong() -> None:
    recorder = TraceRecorder({}, captured_ns(3))
    take_all(recorder, range(6))
    recorder.stop(captured_ns(6))
    take_all(recorder, range(6, 9))
    assert recorder.table()["pts"].tolist() == [9000, 12000, 15000]


def test_it_is_settled_when_the_last_frames_have_left() -> None:
    recorder = TraceRecorder({}, START_NS)
    take_all(recorder, range(3), LINES[:3])
    recorder.stop(captured_ns(3))
    take_all(recorder, range(3, 4), LINES[:2])
    assert not recorder.complete.is_set()
    take_all(recorder, range(3), LINES[3:4])
    assert not recorder.complete.is_set()
    take_all(recorder, range(3), LINES[4:])
    assert recorder.complete.is_set()
    assert len(recorder.table()) == 3


def test_a_frame_without_an_answer_has_no_result() -> None:
    recorder = TraceRecorder({}, START_NS)
    for number in range(3):
        recorder.receive(
            DetectionTimed("annotated", number * 3000, None if number == 1 else NS_PER_MS)
        )
    take_all(recorder, range(3), LINES[:4])
    assert recorder.table()["result_ns"].isna().tolist() == [False, True, False]


def test_waiting_for_the_frame_before_is_no_cost() -> None:
    recorder = TraceRecorder({}, START_NS)
    decided_ns = START_NS + NS_PER_MS
    for number, ready_ms in enumerate((5, 8, 30)):
        ready_ns = START_NS + ready_ms * NS_PER_MS
        frame = EncodedFrame(
            number, 1, False, 0, START_NS, 0.0, ready_ns, Boxes(None, [], decided_ns)
        )
        recorder.receive(Fragment(ANNOTATED, number, "init", (frame,), b""))
    take_all(recorder, range(200, 201))
    costs_ms = recorder.table()["cost_ns"] / NS_PER_MS
    assert costs_ms.tolist()[:3] == [4, 3, 22]


def test_what_was_lost_is_told_and_the_tail_is_cut() -> None:
    recorder = TraceRecorder({}, START_NS)
    for number in range(6):
        take_all(recorder, range(number, number + 1), LINES[:2] if number in (1, 5) else LINES)
    table = recorder.table()
    assert table["annotated_released_ns"].isna().tolist() == [False, True, False, False, False]
    assert table["cost_ns"].isna().sum() == 1


def test_an_annotated_channel_that_died_long_ago_is_no_tail() -> None:
    recorder = TraceRecorder({}, START_NS)
    take_all(recorder, range(10))
    take_all(recorder, range(10, 310), LINES[:2])
    table = recorder.table()
    seconds = (table["captured_ns"].iloc[-1] - START_NS) / NS_PER_S
    assert 4 < seconds < 5.5
    assert table["annotated_ready_ns"].notna().sum() == 10


def test_its_memory_is_bounded() -> None:
    recorder = TraceRecorder({}, START_NS, max_frames=2 * MAX_OPEN_FRAMES)
    take_all(recorder, range(3 * MAX_OPEN_FRAMES), LINES[:1])
    assert recorder.full.is_set()
    assert recorder.frames == 2 * MAX_OPEN_FRAMES


@pytest.fixture(scope="module")
def recorded() -> pd.DataFrame:
    """Three seconds of a small synthetic street, recorded where an event loop runs already."""

    async def in_a_notebook() -> pd.DataFrame:
        return record_trace(TINY, seconds=3, settings=Settings(max_playout_delay_ms=200))

    return asyncio.run(in_a_notebook())


def test_a_live_trace_is_whole(recorded: pd.DataFrame) -> None:
    assert len(recorded) > 1
    assert (np.diff(recorded["pts"]) > 0).all()
    assert (np.diff(recorded["captured_ns"]) > 0).all()
    assert recorded.drop(columns=["result_ns", "detections_pts"]).notna().all().all()
    assert bool(recorded["keyframe"].iloc[0])
    for earlier, later in (
        ("captured_ns", "raw_ready_ns"),
        ("captured_ns", "result_ns"),
        ("raw_ready_ns", "raw_released_ns"),
        ("annotated_ready_ns", "annotated_released_ns"),
        ("raw_released_ns", "annotated_released_ns"),
        ("detections_pts", "pts"),
    ):
        known = recorded[[earlier, later]].dropna()
        assert (known[earlier] <= known[later]).all(), (earlier, later)


def test_a_live_trace_says_what_it_is_of(recorded: pd.DataFrame) -> None:
    about = recorded.attrs["about"]
    assert about["source"] == TINY
    assert about["fps"] == "30"
    assert about["detector"] == "ground truth"
    assert about["policy"] == "hybrid"
    assert (about["sync_tolerance_ms"], about["max_playout_delay_ms"]) == (50, 200)


def test_a_live_trace_replays_as_it_was(recorded: pd.DataFrame) -> None:
    about = recorded.attrs["about"]
    outcome = replay(
        to_trace(recorded),
        SyncPolicy(about["policy"]),
        sync_tolerance_ms=about["sync_tolerance_ms"],
        max_playout_delay_ms=about["max_playout_delay_ms"],
        max_stale_fraction=about["max_stale_fraction"],
    )
    both = (outcome.raw_released_ns >= 0) & (outcome.annotated_released_ns >= 0)
    assert both.mean() > 0.95
    for channel, replayed_ns in (
        ("raw", outcome.raw_released_ns),
        ("annotated", outcome.annotated_released_ns),
    ):
        left_ns = recorded[f"{channel}_released_ns"].to_numpy(np.int64)
        assert (np.diff(left_ns) >= 0).all()
        assert (np.diff(replayed_ns[both]) >= 0).all()
    drift_ms = (recorded["annotated_released_ns"] - recorded["raw_released_ns"]) / NS_PER_MS
    violations = float((drift_ms.abs() > 50).mean())
    assert outcome.violations(50) == pytest.approx(violations, abs=0.2)


def test_recording_takes_nothing_from_others_and_leaves_nothing_behind() -> None:
    async def run() -> tuple[pd.DataFrame, pd.DataFrame]:
        spec = SourceSpec.parse(TINY)
        async with running_camera(spec, None, Settings()) as (camera, subscriptions):
            qualities = {"raw": "low", "annotated": "low"}
            viewer = subscriptions.open(camera, ChannelType, qualities)
            first, second = await asyncio.gather(
                record(camera, subscriptions, seconds=600, max_frames=20),
                record(camera, subscriptions, seconds=600, max_frames=10),
            )
            assert {key.quality for key in camera._running.stream.rings} == {QualityLevel.LOW}
            assert not camera._running._event_streams
            assert list(camera._running.stream.connections.values()) == [viewer]
            return first, second

    first, second = asyncio.run(run())
    assert len(first) > len(second) >= 10
    both = first.merge(second, on="pts")
    assert len(both) >= len(second) - 2
    assert (both["raw_released_ns_x"] == both["raw_released_ns_y"]).all()


def test_it_can_be_stopped_and_given_up_and_says_when_there_was_nothing() -> None:
    async def run() -> None:
        spec = SourceSpec.parse(TINY)
        async with running_camera(spec, no_detector(), Settings()) as (camera, subscriptions):
            stop = asyncio.Event()

            async def stop_after_frames() -> None:
                while camera._running.stream.counts["released_annotated"] < 10:
                    await asyncio.sleep(0.01)
                stop.set()

            stopping = asyncio.create_task(stop_after_frames())
            assert len(await record(camera, subscriptions, seconds=600, stop=stop))
            await stopping
            recording = asyncio.create_task(record(camera, subscriptions, seconds=600))
            while not camera._running._event_streams:
                await asyncio.sleep(0)
            recording.cancel()
            with pytest.raises(asyncio.CancelledError):
                await recording
            for seconds in (0, -1, float("nan")):
                with pytest.raises(InvalidRequestError):
                    await record(camera, subscriptions, seconds=seconds)
            await camera.close("camera_removed")
            with pytest.raises(SourceUnreachableError, match="delivered no frames"):
                await record(camera, subscriptions, seconds=600)
            assert not camera._running._event_streams
            assert not camera._running.stream.connections

    asyncio.run(run())


def test_a_source_that_is_not_there() -> None:
    with pytest.raises(SourceNotFoundError):
        record_trace("missing.mp4", seconds=1)
