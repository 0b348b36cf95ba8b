from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import ExitStack
from unittest.mock import Mock

import av
import numpy as np
import pytest
import supervision as sv
from numpy.typing import NDArray

from streamlab.camera.annotator import Annotator
from streamlab.camera.channel_encoder import ChannelEncoder
from streamlab.camera.detection import DetectionService
from streamlab.camera.frame import CapturedFrame
from streamlab.camera.native_code import UNNOTED
from streamlab.clock import monotonic_ns
from streamlab.core.channels import ChannelType
from streamlab.core.mp4.fragment import EncodedFrame
from streamlab.core.time.timebase import TIMESCALE
from streamlab.detect.answer import Answer
from streamlab.detect.draw import BoxRenderer
from streamlab.detect.render import Renderer
from streamlab.detect.result import FrameDetections
from streamlab.media.picture import Picture

from .recorder import (
    STREET,
    TIMEOUT_S,
    FailingDetector,
    Recorder,
    SlowTruth,
    camera,
    is_carried,
    is_fresh,
    truth_at,
)

FRAMES = 60
DETECTION_S = 0.15
A_DAY_MS = 86_400_000.0
FRAME = TIMESCALE // 30


class ScriptedRenderer:
    """Draws nothing, but does what it is told whenever it should."""

    def __init__(self, do: Callable[[], object]) -> None:
        self._do = do

    def draw(
        self,
        picture: Picture,
        detections: sv.Detections,
        *,
        top_px: int = 0,
        stale: bool = False,
    ) -> None:
        self._do()


class KeepingRenderer(BoxRenderer):
    """A user's variant of ours, which keeps the pictures."""

    def __init__(self, do: Callable[[], object] = lambda: None) -> None:
        self.kept: list[Picture] = []
        self._do = do

    def draw(
        self,
        picture: Picture,
        detections: sv.Detections | FrameDetections,
        *,
        top_px: int = 0,
        stale: bool = False,
    ) -> None:
        self._do()
        self.kept.append(picture)


def fail() -> None:
    raise ValueError("no ink")


def annotated(recorder: Recorder) -> list[EncodedFrame]:
    return recorder.frames[ChannelType.ANNOTATED]


def assert_both_channels_have_every_frame(recorder: Recorder) -> None:
    raw, drawn = ([frame.pts for frame in recorder.frames[kind]] for kind in ChannelType)
    count = min(len(raw), len(drawn))
    assert raw[:count] == drawn[:count]
    assert raw == sorted(set(raw))


def boxes_of(frame: EncodedFrame) -> NDArray[np.float64]:
    assert frame.boxes is not None
    return np.array([row[:4] for row in frame.boxes.rows], np.float64).reshape(-1, 4)


def is_carried_briefly(frame: EncodedFrame) -> bool:
    """Return whether its boxes were carried as long as they are while the machine is quiet."""
    assert frame.boxes is not None
    age_s = (frame.pts - (frame.boxes.detections_pts or 0)) / TIMESCALE
    return is_carried(frame) and age_s <= 3 * DETECTION_S


def accuracy(boxes: NDArray[np.float64], number: int) -> list[float]:
    """Return for each true box of a frame the IoU of the best box; 0 where there is none."""
    truth = truth_at(number)
    if not len(boxes) or not len(truth):
        return [0.0] * len(truth)
    return [float(iou) for iou in sv.box_iou_batch(truth, boxes).max(axis=1)]


@pytest.mark.parametrize("box_deadline_ms", [400.0, 20.0], ids=["waits", "late-results"])
def test_a_slow_detector_still_annotates_every_frame(box_deadline_ms: float) -> None:
    detector = SlowTruth(DETECTION_S)
    with camera(detector, BoxRenderer(), box_deadline_ms=box_deadline_ms) as (pipeline, recorder):
        recorder.wait_for(FRAMES)
        recorder.wait_for_annotated(is_carried_briefly, FRAMES // 2)
        assert pipeline.errors == []
    assert_both_channels_have_every_frame(recorder)
    carried, frozen = list[float](), list[float]()
    frames = annotated(recorder)
    first = next(n for n, frame in enumerate(frames) if frame.boxes and frame.boxes.rows)
    for frame in frames[first:]:
        assert frame.boxes is not None
        assert frame.boxes.detections_pts is not None
        assert frame.boxes.detections_pts <= frame.pts
        if frame.pts - frame.boxes.detections_pts > TIMESCALE:
            continue  # the machine was too busy: boxes this old are not carried on
        assert frame.boxes.rows, "the street is never empty"
        boxes = boxes_of(frame)
        assert (boxes >= 0).all()
        assert (boxes <= (STREET.width, STREET.height) * 2).all()
        ids = [row[6] for row in frame.boxes.rows]
        assert None not in ids
        assert len(set(ids)) == len(ids)
        if is_carried_briefly(frame):
            number = round(frame.pts / FRAME)
            carried += accuracy(boxes, number)
            frozen += accuracy(truth_at(round(frame.boxes.detections_pts / FRAME)), number)
    assert np.mean(carried) > np.mean(frozen) + 0.05


def test_a_fresh_frame_shows_the_boxes_of_its_own_result() -> None:
    detector = SlowTruth(DETECTION_S)
    with camera(detector, BoxRenderer(), box_deadline_ms=A_DAY_MS) as (_, recorder):
        recorder.wait_for_annotated(is_fresh, 5)
    for frame in filter(is_fresh, annotated(recorder)):
        expected = truth_at(round(frame.pts / FRAME))
        assert boxes_of(frame) == pytest.approx(expected, abs=0.06)


def test_ids_that_a_detector_brings_reach_the_wire() -> None:
    truth = FailingDetector(lambda call: False)
    with camera(truth, BoxRenderer()) as (_, recorder):
        recorder.wait_for_annotated(is_fresh, FRAMES // 2)
    numbers = [round(frame.pts / FRAME) for frame in annotated(recorder)]
    names = {box.track_id for number in numbers for box in STREET.truth(number)}
    drawn = {row[6] for frame in annotated(recorder) if frame.boxes for row in frame.boxes.rows}
    assert drawn <= names


def test_a_detector_that_raises_takes_only_the_boxes_away() -> None:
    with camera(FailingDetector(lambda call: True), BoxRenderer()) as (pipeline, recorder):
        recorder.wait_for(FRAMES)
        assert pipeline.errors[0].startswith("RuntimeError: out of luck (")
        assert pipeline.counts()["stale_refused"] > 0
        assert pipeline.annotators[ChannelType.ANNOTATED].service.counts["failed"] > 0
    assert_both_channels_have_every_frame(recorder)
    assert all(frame.boxes and not frame.boxes.rows for frame in annotated(recorder))


def test_a_detector_that_raises_now_and_then_leaves_carried_boxes() -> None:
    detector = FailingDetector(lambda call: call % 3 != 1)
    with camera(detector, BoxRenderer()) as (pipeline, recorder):
        recorder.wait_for(FRAMES)
        recorder.wait_for_annotated(is_carried)
        assert pipeline.annotators[ChannelType.ANNOTATED].service.counts["failed"] > 0
        assert pipeline.annotators[ChannelType.ANNOTATED].service.counts["detected"] > 0
    assert_both_channels_have_every_frame(recorder)


def test_a_renderer_that_raises_takes_only_the_boxes_away() -> None:
    with camera(FailingDetector(lambda call: False), ScriptedRenderer(fail)) as (
        pipeline,
        recorder,
    ):
        recorder.wait_for(FRAMES)
        assert pipeline.errors[0].startswith("ValueError: no ink (")
        assert pipeline.counts()["render_failed"] > 0
    assert_both_channels_have_every_frame(recorder)
    assert all(frame.boxes and not frame.boxes.rows for frame in annotated(recorder))


def annotator_with(renderer: Renderer, encoded: list[Picture], reserved_rows: int = 0) -> Annotator:
    """Return an annotator without threads, which appends what it would encode."""
    encoder, service = Mock(ChannelEncoder), Mock(DetectionService)
    encoder.channel, encoder.native = "annotated", UNNOTED
    encoder.encode = lambda captured, picture, boxes: encoded.append(picture)
    return Annotator(
        "yard", encoder, service, renderer, emit=lambda _: None, reserved_rows=reserved_rows
    )


def annotate(annotator: Annotator, number: int, found: int) -> Picture:
    """Annotate a picture on which so many boxes were found; return the captured one."""
    picture = Picture(av.VideoFrame(STREET.width, STREET.height, "yuv420p"), number * FRAME)
    detections = sv.Detections(
        np.tile(np.array([[20, 40, 80, 90]], np.float32), (found, 1)),
        class_id=np.zeros(found, int),
        confidence=np.ones(found, np.float32),
    )
    annotator.handle(CapturedFrame(picture, FRAME, True, monotonic_ns(), 0.0))
    annotator.handle(Answer(picture.pts, detections, monotonic_ns()))
    annotator.work_on()
    return picture


@pytest.mark.parametrize("reserved_rows", [0, 16])
@pytest.mark.parametrize(
    "renderer", [BoxRenderer(), ScriptedRenderer(lambda: None), KeepingRenderer()]
)
@pytest.mark.parametrize("found", [0, 1])
def test_a_picture_is_copied_only_to_be_drawn_on(
    found: int, renderer: Renderer, reserved_rows: int
) -> None:
    encoded = list[Picture]()
    annotator = annotator_with(renderer, encoded, reserved_rows)
    picture = annotate(annotator, 0, found)
    untouched = not found and type(renderer) is BoxRenderer and not reserved_rows
    assert (encoded == [picture]) is untouched


def test_a_picture_that_a_users_renderer_keeps_is_not_drawn_on_again() -> None:
    renderer = KeepingRenderer()
    annotator = annotator_with(renderer, [])
    for number, found in enumerate((1, 1, 0)):
        annotate(annotator, number, found)
    assert len({picture.frame.planes[0].buffer_ptr for picture in renderer.kept}) == 3


@pytest.mark.parametrize("sort", [ScriptedRenderer, KeepingRenderer])
def test_renderers_that_take_their_time_take_nobody_elses(
    sort: type[ScriptedRenderer | KeepingRenderer],
) -> None:
    gate = threading.Event()
    slow = sort(lambda: gate.wait(TIMEOUT_S))
    with ExitStack() as cameras:
        cameras.callback(gate.set)
        for _ in range((os.cpu_count() or 1) + 1):
            cameras.enter_context(camera(SlowTruth(0.0), slow))
        _, recorder = cameras.enter_context(camera(SlowTruth(0.0), BoxRenderer()))
        recorder.wait_for(FRAMES)
        gate.set()
    assert_both_channels_have_every_frame(recorder)
