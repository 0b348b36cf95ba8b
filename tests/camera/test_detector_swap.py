"""A running camera gets another detector: no frame is left at the door of the one before."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import supervision as sv

from streamlab.camera import DetectionService
from streamlab.core.channels import ChannelType
from streamlab.detect.detector import DetectorKind
from streamlab.detect.draw import BoxRenderer
from streamlab.detect.scripted import truth_detector
from streamlab.media.picture import Picture

from .recorder import STREET, TIMEOUT_S, SlowTruth, camera

A_DAY_MS = 86_400_000.0


class Stuck:
    """Takes a batch and keeps it until it is let go."""

    name = "stuck"
    kind: DetectorKind = "scripted"

    def __init__(self) -> None:
        self.took, self.gate = threading.Event(), threading.Event()

    def detect(self, pictures: Sequence[Picture]) -> list[sv.Detections]:
        self.took.set()
        assert self.gate.wait(TIMEOUT_S)
        return [sv.Detections.empty() for _ in pictures]

    def close(self) -> None:
        pass


def test_every_frame_goes_on_with_the_detector_that_takes_over() -> None:
    stuck = Stuck()
    other = DetectionService(truth_detector(STREET))
    other.start()
    with camera(stuck, BoxRenderer(), box_deadline_ms=A_DAY_MS) as (pipeline, recorder):
        before = pipeline.annotators[ChannelType.ANNOTATED].service
        assert stuck.took.wait(TIMEOUT_S)
        pipeline.request_detector(ChannelType.ANNOTATED, other)
        before.stop()
        stuck.gate.set()
        recorder.wait_for(30)
        assert pipeline.annotators[ChannelType.ANNOTATED].service is other
        assert pipeline.errors == []
    other.stop()
    other.join(TIMEOUT_S)
    frames = recorder.frames[ChannelType.ANNOTATED]
    assert frames[0].boxes is not None
    assert any(frame.boxes is not None and frame.boxes.rows for frame in frames)


def test_another_renderer_draws_from_then_on() -> None:
    first, second = BoxRenderer(), BoxRenderer()
    with camera(SlowTruth(0), first) as (pipeline, recorder):
        recorder.wait_for(2)
        assert pipeline.annotators[ChannelType.ANNOTATED].renderer is first
        pipeline.request_renderer(ChannelType.ANNOTATED, second)
        assert pipeline.annotators[ChannelType.ANNOTATED].renderer is second
        recorder.wait_for(4)
        assert pipeline.errors == []
