"""A real pipeline with no, one, two and three annotated channels."""

from __future__ import annotations

import pytest

from streamlab.camera import AnnotatedChannel, CameraPipeline, DetectionService
from streamlab.camera.pipeline import PipelineSettings
from streamlab.core.channels import RAW, ChannelKey, QualityLevel
from streamlab.detect.draw import BoxRenderer
from streamlab.detect.scripted import no_detector, truth_detector
from streamlab.media.opening import open_source
from tests.camera.recorder import SPEC, STREET, TIMEOUT_S, Recorder

NAMES = ("annotated", "pose", "plates")
A_DAY_NS = 86_400_000_000_000


@pytest.mark.parametrize("count", range(4))
def test_all_channels_carry_the_same_frames(count: int) -> None:
    names = NAMES[:count]
    services = [
        DetectionService(no_detector() if name == "plates" else truth_detector(STREET))
        for name in names
    ]
    recorder = Recorder((RAW, *names))
    pipeline = CameraPipeline(
        "street",
        SPEC,
        open_source(SPEC),
        [
            AnnotatedChannel(name, service, BoxRenderer())
            for name, service in zip(names, services, strict=True)
        ],
        PipelineSettings(),
        recorder.emit,
    )
    for name in names:
        pipeline.request_box_deadline(name, A_DAY_NS)
    pipeline.request_encoders(
        frozenset(ChannelKey(name, QualityLevel.LOW) for name in (RAW, *names))
    )
    for service in services:
        service.start()
    pipeline.start()
    try:
        recorder.wait_for(20)
        assert pipeline.errors == []
    finally:
        pipeline.stop()
        for service in services:
            service.stop()
            service.join(TIMEOUT_S)
    frames = {name: recorder.frames[name][:20] for name in (RAW, *names)}
    assert {tuple(frame.pts for frame in each) for each in frames.values()} == {
        tuple(frame.pts for frame in frames[RAW])
    }
    assert {tuple(frame.keyframe for frame in each) for each in frames.values()} == {
        tuple(frame.keyframe for frame in frames[RAW])
    }
    for name in names:
        found = [len(frame.boxes.rows) for frame in frames[name] if frame.boxes]
        assert bool(sum(found)) is (name != "plates")
