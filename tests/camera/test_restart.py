"""Stages of a real camera that raise: the channel comes back, and what was lost is a hole."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import Any

import pytest

from streamlab.core.channels import RAW, ChannelType
from streamlab.detect.draw import BoxRenderer
from streamlab.detect.scripted import truth_detector
from streamlab.media.picture import Picture

from .recorder import STREET, camera

ANNOTATED = ChannelType.ANNOTATED


def once(call: Callable[..., Any], error: BaseException) -> Callable[..., Any]:
    """Return a call that raises the first time."""
    left = [error]

    def wrapped(*arguments: Any, **more: Any) -> Any:
        if left:
            raise left.pop()
        return call(*arguments, **more)

    return wrapped


@pytest.mark.parametrize("channel", [RAW, ANNOTATED])
def test_a_channel_whose_encoding_raised_comes_back_at_a_keyframe(channel: str) -> None:
    with camera(truth_detector(STREET), BoxRenderer()) as (pipeline, recorder):
        recorder.wait_for(10)
        stage = pipeline._raw if channel == RAW else pipeline.annotators[channel]
        before = len(recorder.frames[channel])
        stage.encode = once(stage.encode, ValueError("broken"))
        recorder.wait_until(lambda: len(recorder.frames[channel]) > before + 40)
        frames, sequences = recorder.frames[channel], recorder.sequences[channel]
        (hole,) = (
            index
            for index, (one, other) in enumerate(itertools.pairwise(sequences))
            if other != one + 1
        )
        assert frames[hole + 1].keyframe
        recorder.wait_until(lambda: pipeline.encoder_health(channel).state == "ok")
        counts = pipeline.counts()
        assert counts["stage_failures"] == 1
        assert counts["lost_by_failures"] > 0
        other = ANNOTATED if channel == RAW else RAW
        pts = [frame.pts for frame in recorder.frames[other]]
        assert sorted(set(pts)) == pts


class Quitting(BoxRenderer):
    """Ends its thread, or tries to."""

    def draw(self, picture: Picture, detections: Any, **more: Any) -> None:
        raise SystemExit("enough")


def test_a_renderer_cannot_end_the_threads_of_the_cameras() -> None:
    with camera(truth_detector(STREET), Quitting()) as (pipeline, recorder):
        recorder.wait_for(20)
        (error,) = pipeline.errors
        assert error.startswith("SystemExit: enough (")
        pipeline.request_renderer(ANNOTATED, BoxRenderer())
        before = len(recorder.frames[ANNOTATED])
        recorder.wait_until(
            lambda: any(
                each.boxes and each.boxes.rows for each in recorder.frames[ANNOTATED][before:]
            )
        )
        assert pipeline.errors == []


class Stuck(BoxRenderer):
    """Draws nothing before it is let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()

    def draw(self, picture: Picture, detections: Any, **more: Any) -> None:
        self.let_go.wait()


@pytest.mark.parametrize("replaced", [False, True], ids=["returns", "replaced"])
def test_a_renderer_that_hangs_stops_its_channel_only(replaced: bool) -> None:
    stuck = Stuck()
    with camera(truth_detector(STREET), stuck) as (pipeline, recorder):
        recorder.wait_until(lambda: pipeline.renderer_health(ANNOTATED).state == "failing")
        assert pipeline.errors == [pipeline.renderer_health(ANNOTATED).detail]
        assert "hangs" in pipeline.errors[0]
        lost = 0

        def loses() -> bool:
            return pipeline.counts()["lost_by_failures"] > lost

        recorder.wait_until(loses)
        lost, before = pipeline.counts()["lost_by_failures"], len(recorder.frames[RAW])
        recorder.wait_until(lambda: loses() and len(recorder.frames[RAW]) > before + 10)
        if replaced:
            pipeline.request_renderer(ANNOTATED, BoxRenderer())
        else:
            stuck.let_go.set()
        drawn = recorder.frames[ANNOTATED]
        first = len(drawn)
        recorder.wait_until(lambda: len(drawn) > first + 20 and pipeline.errors == [])
        if replaced:
            stuck.let_go.set()
        recorder.wait_until(lambda: len(drawn) > first + 40)
        pts = [frame.pts for frame in drawn]
        assert sorted(set(pts)) == pts
        sequences = recorder.sequences[ANNOTATED]
        assert sorted(set(sequences)) == sequences
