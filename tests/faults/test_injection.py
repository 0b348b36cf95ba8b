"""Faults are on a camera's road only while they are injected."""

from __future__ import annotations

import threading
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from queue import Queue
from types import FrameType
from typing import NamedTuple

import av
import pytest
import supervision as sv

import streamlab.faults
from streamlab.camera import AnnotatedChannel, CameraPipeline, DetectionService
from streamlab.camera.pipeline import PipelineSettings
from streamlab.camera.worker_pool import WorkerPool
from streamlab.core.channels import ChannelKey, ChannelType, QualityLevel
from streamlab.detect.answer import Answer
from streamlab.detect.draw import BoxRenderer
from streamlab.detect.scripted import truth_detector
from streamlab.faults import NO_FAULTS, PRESETS, Faults
from streamlab.faults.detection import FaultyDetection
from streamlab.faults.injection import FaultInjector
from streamlab.media.opening import open_source
from streamlab.media.source import SourceFrame, SourceInfo
from tests.camera.recorder import SPEC, STREET, TIMEOUT_S, Recorder

FOUND = sv.Detections.empty()
INFO = SourceInfo("raw", 16, 16, Fraction(30), live=True)
FAULTS_FOLDER = str(Path(streamlab.faults.__file__).parent)
ALL_FAULTS = [*PRESETS.values(), Faults(detector_dead=True), Faults(source_stall_ms=60_000)]


class Frame(NamedTuple):
    """A captured frame."""

    pts: int
    keyframe: bool = False
    captured_ns: int = 0


class Camera:
    """The calls of a camera; its detector answers when it is told to, and its stages keep all."""

    def __init__(self) -> None:
        self.asked: Queue[Frame] = Queue()
        self.answers: Queue[Answer] = Queue()
        self.captured: Queue[SourceFrame] = Queue()
        self.encoded: Queue[Frame] = Queue()
        self.shift = 0
        self.is_held_up = False
        self.receive: Callable[[SourceFrame, SourceInfo], None] = self._receive
        self.deliver: Callable[[Frame], bool] = lambda _: True
        self.ask: Callable[[Frame], Frame | None] = self._ask
        self.receive_answer: Callable[[Answer], None] = self.answers.put
        self.encode: Callable[..., None] = self.encoded.put

    @property
    def calls(self) -> tuple[object, ...]:
        return (self.receive, self.deliver, self.ask, self.receive_answer, self.encode)

    def request_shift(self, ticks: int) -> None:
        self.shift += ticks

    def _receive(self, item: SourceFrame, info: SourceInfo) -> None:
        self.captured.put(item)

    def _ask(self, captured: Frame) -> Frame | None:
        self.asked.put(captured)
        return None

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait for what the thread of a delay line does."""
        never, tries = threading.Event(), 0
        while not condition():
            never.wait(0.01)
            tries += 1
            assert tries < 100 * TIMEOUT_S


@pytest.mark.parametrize("faults", ALL_FAULTS, ids=lambda faults: ", ".join(faults.describe()))
def test_a_camera_has_its_own_calls_back_when_faults_end(faults: Faults) -> None:
    camera, raw = Camera(), Camera()
    own, own_raw = camera.calls, raw.calls
    injector = FaultInjector(camera, [camera], raw)
    assert camera.calls == own
    for _ in range(2):
        injector.inject(faults)
        camera.wait_for(lambda: camera.calls != own)
        assert (camera.receive in own) is not faults.affects_capture
        assert (camera.encode in own) is (raw.encode in own_raw) is not faults.stalls_stages
        injector.inject(NO_FAULTS)
        camera.wait_for(lambda: camera.calls == own)
        assert raw.calls == own_raw


def test_what_is_held_back_goes_on_when_faults_end() -> None:
    camera = Camera()
    ask, receive_answer = camera.ask, camera.receive_answer
    detection = FaultyDetection(camera)
    detection.inject(Faults(stall_ms=60_000))
    camera.wait_for(lambda: camera.ask != ask)
    camera.ask(Frame(1))
    assert camera.asked.get(timeout=TIMEOUT_S) == Frame(1)
    camera.receive_answer(Answer(1, FOUND, 0))
    camera.ask(Frame(2))
    camera.wait_for(lambda: detection.line.counts["injected_stalls"] == 1)
    assert camera.answers.empty()
    assert camera.asked.empty()
    detection.inject(NO_FAULTS)
    assert camera.answers.get(timeout=TIMEOUT_S).pts == 1
    assert camera.asked.get(timeout=TIMEOUT_S) == Frame(2)
    camera.wait_for(lambda: (camera.ask, camera.receive_answer) == (ask, receive_answer))


def test_a_call_that_was_on_its_way_goes_straight_through() -> None:
    camera = Camera()
    own = camera.ask
    detection = FaultyDetection(camera)
    detection.inject(PRESETS["steady"])
    camera.wait_for(lambda: camera.ask != own)
    ask, receive_answer = camera.ask, camera.receive_answer
    detection.inject(NO_FAULTS)
    camera.wait_for(lambda: camera.ask == own)
    ask(Frame(1))
    assert camera.asked.get(timeout=TIMEOUT_S) == Frame(1)
    receive_answer(Answer(1, FOUND, 7))
    assert camera.answers.get(timeout=TIMEOUT_S) == Answer(1, FOUND, 7)


def test_a_stalled_capture_goes_on_when_faults_end() -> None:
    camera = Camera()
    injector = FaultInjector(camera, [camera], Camera())
    injector.inject(Faults(source_stall_ms=60_000))
    item = SourceFrame(av.VideoFrame(16, 16, "yuv420p"), 0, keyframe=True)
    reader = threading.Thread(target=camera.receive, args=(item, INFO))
    reader.start()
    camera.wait_for(lambda: camera.is_held_up)
    injector.inject(NO_FAULTS)
    assert camera.captured.get(timeout=TIMEOUT_S) == item
    reader.join(TIMEOUT_S)
    assert not camera.is_held_up


class Calls:
    """Notes which code of the faults runs in the threads of a camera."""

    def __init__(self) -> None:
        self.seen: set[str] = set()

    def __call__(self, frame: FrameType, event: str, arg: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(FAULTS_FOLDER):
            self.seen.add(frame.f_code.co_qualname)


def test_a_healthy_frame_runs_no_code_of_the_faults() -> None:
    recorder, calls, former = Recorder(), Calls(), threading.getprofile()
    service, pool = DetectionService(truth_detector(STREET)), WorkerPool("yard", 2)
    threading.setprofile(calls)
    pipeline = CameraPipeline(
        "yard",
        SPEC,
        open_source(SPEC),
        [AnnotatedChannel(ChannelType.ANNOTATED, service, BoxRenderer())],
        PipelineSettings(),
        recorder.emit,
        pool,
    )
    pipeline.request_encoders(frozenset(ChannelKey(kind, QualityLevel.LOW) for kind in ChannelType))
    service.start()
    pipeline.start()
    try:
        wait_for_more(recorder)
        assert not calls.seen
        pipeline.inject(Faults(lag_median_ms=5, lost_fraction=0.1, draw_stall_ms=5))
        wait_for_more(recorder)
        assert calls.seen
        pipeline.inject(NO_FAULTS)
        for _ in range(10):  # until the frames that were on the road are through
            calls.seen.clear()
            wait_for_more(recorder)
            if not calls.seen:
                break
        assert not calls.seen
    finally:
        threading.setprofile(former)
        pipeline.stop()
        service.stop()
        service.join(TIMEOUT_S)
        pool.close()


def wait_for_more(recorder: Recorder, count: int = 12) -> None:
    recorder.wait_for(min(map(len, recorder.frames.values())) + count)
