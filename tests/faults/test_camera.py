"""Faults in a camera that runs: what is harmed, what is not, and that it is counted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from fractions import Fraction

import av
import pytest

from streamlab.camera import CameraPipeline
from streamlab.camera.capture import Capture
from streamlab.camera.frame import CapturedFrame
from streamlab.core.channels import ChannelType
from streamlab.core.time.keyframes import KeyframeClock
from streamlab.core.time.timebase import TIMESCALE
from streamlab.detect.draw import BoxRenderer
from streamlab.detect.scripted import truth_detector
from streamlab.faults import NO_FAULTS, PRESETS, Faults
from streamlab.faults.capture import FaultyCapture
from streamlab.media.source import SourceFrame, SourceInfo
from tests.camera.recorder import SPEC, STREET, Recorder, SlowTruth, camera

FRAMES = 12
A_DAY_MS = 86_400_000.0
FRAME = TIMESCALE // 30


def wait_for_more(recorder: Recorder, count: int = FRAMES) -> None:
    recorder.wait_for(min(map(len, recorder.frames.values())) + count)


def wait_until_counted(pipeline: CameraPipeline, recorder: Recorder, name: str, more: int) -> None:
    """Wait until ``more`` have been counted; fail when frames stop coming before."""
    goal = pipeline.counts().get(name, 0) + more
    while pipeline.counts().get(name, 0) < goal:
        wait_for_more(recorder, 5)


def assert_both_channels_have_the_same_frames(recorder: Recorder) -> None:
    raw, drawn = ([frame.pts for frame in recorder.frames[kind]] for kind in ChannelType)
    count = min(len(raw), len(drawn))
    assert raw[:count] == drawn[:count]
    assert raw == sorted(set(raw))


def test_a_detector_that_is_killed_and_revived() -> None:
    with camera(truth_detector(STREET), BoxRenderer()) as (pipeline, recorder):
        wait_until_counted(pipeline, recorder, "fresh", 5)
        assert pipeline.errors == []
        pipeline.inject(Faults(detector_dead=True))
        wait_until_counted(pipeline, recorder, "stale_refused", FRAMES)
        assert "dead" in pipeline.errors[0]
        assert pipeline.detector_health(ChannelType.ANNOTATED).state == "failing"
        assert pipeline.counts()["injected_refusals"] >= FRAMES
        pipeline.inject(NO_FAULTS)
        wait_until_counted(pipeline, recorder, "fresh", FRAMES)
        assert pipeline.errors == []
    assert_both_channels_have_the_same_frames(recorder)
    carried = [
        frame.boxes
        for frame in recorder.frames[ChannelType.ANNOTATED]
        if frame.boxes and frame.boxes.detections_pts not in (None, frame.pts)
    ]
    assert len(carried) >= FRAMES
    assert any(boxes.rows for boxes in carried), "boxes are carried forward while it is dead"


def test_results_that_are_held_back_reach_their_frames() -> None:
    with camera(SlowTruth(0.0), BoxRenderer(), box_deadline_ms=A_DAY_MS) as (pipeline, recorder):
        wait_for_more(recorder)
        pipeline.inject(PRESETS["lognormal"])
        wait_until_counted(pipeline, recorder, "injected_delays", FRAMES)
        before = pipeline.counts()
        wait_until_counted(pipeline, recorder, "fresh", FRAMES)
        assert pipeline.counts().get("late_result", 0) == before.get("late_result", 0)
    assert_both_channels_have_the_same_frames(recorder)


def test_a_stalled_detector_stops_nothing() -> None:
    with camera(truth_detector(STREET), BoxRenderer()) as (pipeline, recorder):
        wait_for_more(recorder)
        pipeline.inject(Faults(stall_ms=60_000))
        wait_until_counted(pipeline, recorder, "stale_refused", FRAMES)
        assert pipeline.counts()["injected_stalls"] == 1
        pipeline.inject(NO_FAULTS)
        wait_until_counted(pipeline, recorder, "fresh", FRAMES)
    assert_both_channels_have_the_same_frames(recorder)


def test_frames_that_are_lost_are_missing_in_both_channels() -> None:
    with camera(truth_detector(STREET), BoxRenderer()) as (pipeline, recorder):
        pipeline.inject(Faults(lost_fraction=0.3, lost_burst=4))
        wait_until_counted(pipeline, recorder, "injected_losses", 20)
        pipeline.inject(NO_FAULTS)
        counts = pipeline.counts()
        assert counts["dropped_at_source"] >= 20
        raw, newest = recorder.frames[ChannelType.RAW], counts["captured"]
        recorder.wait_until(lambda: raw[-1].pts // FRAME > newest)
    assert_both_channels_have_the_same_frames(recorder)
    pts = [frame.pts for frame in recorder.frames[ChannelType.RAW]]
    assert all(at % FRAME == 0 for at in pts), "a lost frame does not shift the others"
    missing = pts[-1] // FRAME + 1 - len(pts)
    assert 20 <= missing <= pipeline.counts()["dropped_at_source"]
    keys = {kind: [f.pts for f in recorder.frames[kind] if f.keyframe] for kind in ChannelType}
    count = min(map(len, keys.values()))
    assert keys[ChannelType.RAW][:count] == keys[ChannelType.ANNOTATED][:count]


def test_a_source_that_is_stalled_comes_back() -> None:
    with camera(truth_detector(STREET), BoxRenderer()) as (pipeline, recorder):
        wait_for_more(recorder, 5)
        pipeline.inject(Faults(source_stall_ms=60_000))
        while not pipeline.counts().get("injected_source_stalls"):
            time.sleep(0.01)
        pipeline.inject(NO_FAULTS)
        wait_for_more(recorder)
    assert_both_channels_have_the_same_frames(recorder)


class Live:
    """A live camera whose pictures come as fast as they are read."""

    info = SourceInfo("raw", 16, 16, Fraction(30), live=True)
    extradata = None
    reorders = False

    def frames(self) -> Iterator[SourceFrame]:
        for number in range(200):
            frame = av.VideoFrame(16, 16, "yuv420p")
            yield SourceFrame(frame, 500 + FRAME * number, keyframe=False)

    def stop(self) -> None:
        pass

    def close(self) -> None:
        pass


def test_a_fast_clock_makes_pts_run_ahead() -> None:
    pts: list[int] = []

    def deliver(captured: CapturedFrame) -> bool:
        pts.append(captured.pts)
        return True

    capture = Capture("lab", SPEC, Live(), KeyframeClock(TIMESCALE), deliver, lambda *_: None)
    FaultyCapture(capture).inject(Faults(clock_ppm=10_000))
    capture.start()
    capture.join()
    assert pts == [round(1.01 * FRAME * number) for number in range(200)]


def test_a_fast_clock_keeps_what_it_has_gained() -> None:
    pts: list[int] = []

    def deliver(captured: CapturedFrame) -> bool:
        pts.append(captured.pts)
        if len(pts) == 101:
            faulty.inject(NO_FAULTS)
        return True

    capture = Capture("lab", SPEC, Live(), KeyframeClock(TIMESCALE), deliver, lambda *_: None)
    faulty = FaultyCapture(capture)
    faulty.inject(Faults(clock_ppm=10_000))
    capture.start()
    capture.join()
    assert pts[100] == round(1.01 * FRAME * 100)
    assert pts[101:] == [pts[100] + FRAME * number for number in range(1, 100)]


@pytest.mark.parametrize(
    "faults",
    [
        Faults(draw_stall_ms=200, stage_stall_frames=3),
        Faults(encode_stall_ms=200, stage_stall_frames=3),
    ],
)
def test_slow_stages_lose_nothing_and_boxes_stay_fresh(faults: Faults) -> None:
    with camera(truth_detector(STREET), BoxRenderer()) as (pipeline, recorder):
        wait_for_more(recorder)
        pipeline.inject(faults)
        wait_until_counted(pipeline, recorder, "injected_stage_stalls", 3)
        wait_until_counted(pipeline, recorder, "fresh", FRAMES)
    assert_both_channels_have_the_same_frames(recorder)


def test_a_frozen_camera_comes_back_and_a_stall_ends_with_the_faults() -> None:
    with camera(truth_detector(STREET), BoxRenderer()) as (pipeline, recorder):
        wait_for_more(recorder)
        pipeline.inject(Faults(freeze_ms=100))
        wait_until_counted(pipeline, recorder, "injected_freezes", 1)
        wait_for_more(recorder)
        pipeline.inject(Faults(draw_stall_ms=10_000, stage_stall_frames=300))
        recorder.wait_for(len(recorder.frames[ChannelType.ANNOTATED]))
        pipeline.inject(NO_FAULTS)
        wait_until_counted(pipeline, recorder, "fresh", FRAMES)
    assert_both_channels_have_the_same_frames(recorder)
