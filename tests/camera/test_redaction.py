"""No delivered picture of a channel that redacts shows the object: decoded pixels decide."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import supervision as sv
from numpy.typing import NDArray

from streamlab.camera import DetectionService, reader
from streamlab.core.channels import ANNOTATED, RAW
from streamlab.core.mp4.fragment import EncodedFrame
from streamlab.core.time.timebase import ms_to_pts
from streamlab.detect.answer import MAX_BOXES
from streamlab.detect.draw import BoxRenderer
from streamlab.detect.redact import Blur, Pixelate
from streamlab.detect.render import Renderer, RgbRenderer
from streamlab.detect.scripted import no_detector
from streamlab.faults import NO_FAULTS, Faults

from .secret_source import ActingDetector, SecretSource, SeeingDetector, Sent, found, secret_camera

FRAMES = 25
MAX_AGE = ms_to_pts(200)
Rgb = NDArray[np.uint8]


def good() -> ActingDetector:
    return ActingDetector(found)


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    gate = threading.Event()
    yield gate
    gate.set()


def raises(pts: int) -> object:
    raise RuntimeError("out of luck")


def too_many(pts: int) -> sv.Detections:
    """Return more boxes than are kept; the object's has the lowest score."""
    corners = np.tile(np.array([[0, 0, 8, 8]], np.float32), (MAX_BOXES, 1))
    scores = np.full(MAX_BOXES, 0.95, np.float32)
    others = sv.Detections(corners, confidence=scores, class_id=np.zeros(MAX_BOXES, int))
    return sv.Detections.merge([others, found(pts)])


def not_finite(pts: int) -> sv.Detections:
    answer = found(pts)
    answer.xyxy[:] = np.nan
    return answer


def is_drawn(frame: EncodedFrame) -> bool:
    return frame.boxes is not None and frame.boxes.detections_pts is not None


def assert_redacted(sent: Sent) -> None:
    assert sent.exposed(ANNOTATED) == []
    assert len(sent.exposed(RAW)) > FRAMES // 2, "the test must be able to see the object"
    for frame in sent.annotated:
        assert frame.boxes is not None
        assert frame.boxes.redacted
        if frame.boxes.detections_pts is None:
            assert frame.boxes.rows == []
        else:
            assert frame.pts - frame.boxes.detections_pts <= MAX_AGE


@pytest.mark.parametrize("renderer", [Pixelate(), Blur()], ids=["pixelate", "blur"])
def test_what_is_found_is_unrecognisable(renderer: Renderer) -> None:
    with secret_camera(good(), renderer) as (_, sent):
        sent.wait_until(lambda: sum(map(is_drawn, sent.annotated)) >= FRAMES)
    assert_redacted(sent)


@pytest.mark.parametrize("answer", [raises, lambda pts: "a cat", not_finite, too_many])
def test_a_detector_that_cannot_be_relied_on_withholds_every_frame(
    answer: Callable[[int], object],
) -> None:
    with secret_camera(ActingDetector(answer), Pixelate()) as (pipeline, sent):
        sent.wait_for(FRAMES)
        assert pipeline.counts()["withheld"] >= FRAMES
    assert_redacted(sent)
    assert not any(map(is_drawn, sent.annotated))


def test_without_a_detector_every_frame_is_withheld() -> None:
    with secret_camera(no_detector(), Pixelate()) as (_, sent):
        sent.wait_for(FRAMES)
    assert_redacted(sent)
    assert not any(map(is_drawn, sent.annotated))


def test_a_detector_that_finds_nothing_withholds_nothing() -> None:
    with secret_camera(ActingDetector(lambda pts: sv.Detections.empty()), Pixelate()) as (_, sent):
        sent.wait_until(lambda: sum(map(is_drawn, sent.annotated)) >= FRAMES)
    assert sent.exposed(ANNOTATED), "a detector that overlooks an object cannot be known"


def test_a_detector_that_hangs_and_one_that_comes_back(gate: threading.Event) -> None:
    stuck = threading.Event()

    def hang_at_last(pts: int) -> sv.Detections:
        if pts > ms_to_pts(500) and not gate.is_set():
            stuck.set()
            gate.wait()
        return found(pts)

    with secret_camera(ActingDetector(hang_at_last), Pixelate()) as (_, sent):
        sent.wait_until(stuck.is_set)
        sent.wait_for(FRAMES)
        assert not is_drawn(sent.annotated[-1])
        gate.set()
        begun = len(sent.annotated)
        sent.wait_until(lambda: any(map(is_drawn, sent.annotated[begun:])))
    assert_redacted(sent)


@pytest.mark.parametrize("seconds", [0.12, 0.4], ids=["carried", "too-old"])
def test_a_slow_detector(seconds: float, gate: threading.Event) -> None:
    def slow(pts: int) -> sv.Detections:
        gate.wait(seconds)
        return found(pts)

    with secret_camera(ActingDetector(slow), Pixelate()) as (_, sent):
        sent.wait_for(2 * FRAMES)
    assert_redacted(sent)


def fail(rgb: Rgb, detections: sv.Detections) -> Rgb:
    raise ValueError("no ink")


@pytest.mark.parametrize("function", [fail, lambda rgb, _: rgb[:-2], lambda rgb, _: None])
def test_a_renderer_that_fails_withholds_the_frame(function: Callable[..., Rgb]) -> None:
    with secret_camera(good(), RgbRenderer(function, redacts=True)) as (pipeline, sent):
        sent.wait_for(FRAMES)
        assert pipeline.renderer_health(ANNOTATED).state == "failing"
    assert_redacted(sent)


def test_a_renderer_that_fails_now_and_then() -> None:
    calls = iter(range(10_000))

    class Unsteady(Pixelate):
        def draw(self, *arguments: Any, **options: Any) -> None:
            super().draw(*arguments, **options)
            if next(calls) % 3 == 0:
                raise RuntimeError("too late")

    with secret_camera(good(), Unsteady()) as (_, sent):
        sent.wait_until(lambda: sum(map(is_drawn, sent.annotated)) >= FRAMES)
    assert_redacted(sent)


def test_a_renderer_that_returns_its_input_is_believed() -> None:
    """What a renderer did to the pixels cannot be known: the documentation says so."""
    with secret_camera(good(), RgbRenderer(lambda rgb, _: rgb, redacts=True)) as (_, sent):
        sent.wait_until(lambda: sum(map(is_drawn, sent.annotated)) >= FRAMES)
    assert sent.exposed(ANNOTATED)


@pytest.mark.parametrize("to_none", [True, False])
def test_boxes_of_another_detector_do_not_count(to_none: bool) -> None:
    other = DetectionService(no_detector() if to_none else good())
    other.start()
    first = good() if to_none else no_detector()
    with secret_camera(first, Pixelate()) as (pipeline, sent):
        sent.wait_for(FRAMES)
        pipeline.request_detector(ANNOTATED, other)
        begun = len(sent.annotated)
        sent.wait_for(FRAMES)
    other.stop()
    assert_redacted(sent)
    drawn = sent.annotated if not to_none else sent.annotated[:begun]
    assert any(map(is_drawn, drawn))
    assert is_drawn(sent.annotated[-1]) is not to_none


def test_a_renderer_that_redacts_takes_over() -> None:
    with secret_camera(good(), BoxRenderer()) as (pipeline, sent):
        sent.wait_for(FRAMES)
        pipeline.request_renderer(ANNOTATED, Pixelate())
        changed = len(sent.annotated)
        sent.wait_for(FRAMES)
        pipeline.request_renderer(ANNOTATED, Blur())
        sent.wait_for(FRAMES)
    redacted = [frame.boxes is not None and frame.boxes.redacted for frame in sent.annotated]
    assert not redacted[changed - 1]
    assert redacted.count(False) <= changed + 1, "at most the frame that was being drawn"
    begun = redacted.index(True)
    assert all(redacted[begun:])
    exposed = set(sent.exposed(ANNOTATED))
    assert exposed, "the renderer of before does not redact"
    assert not exposed & {frame.pts for frame in sent.annotated[begun:]}
    assert any(frame.keyframe for frame in sent.annotated[begun : begun + FRAMES // 2])


@pytest.mark.parametrize(
    "faults",
    [
        Faults(detector_dead=True),
        Faults(stall_ms=600, stall_every_s=1),
        Faults(lag_median_ms=260, lag_sigma=0.3),
        Faults(draw_stall_ms=100, encode_stall_ms=50, stage_stall_frames=2, stage_stall_every_s=1),
    ],
    ids=["dead", "stall", "overload", "stages"],
)
def test_faults_expose_nothing(faults: Faults) -> None:
    with secret_camera(good(), Pixelate()) as (pipeline, sent):
        sent.wait_for(10)
        pipeline.inject(faults)
        sent.wait_for(2 * FRAMES)
        pipeline.inject(NO_FAULTS)
        begun = len(sent.annotated)
        sent.wait_until(lambda: sum(map(is_drawn, sent.annotated[begun:])) >= 5)
    assert_redacted(sent)


def test_a_renderer_that_hangs_and_one_that_replaces_it(gate: threading.Event) -> None:
    calls = iter(range(10_000))

    class Stuck(Pixelate):
        def draw(self, *arguments: Any, **options: Any) -> None:
            if next(calls) == FRAMES:
                gate.wait()
            super().draw(*arguments, **options)

    with secret_camera(good(), Stuck()) as (pipeline, sent):
        sent.wait_until(lambda: "hangs" in pipeline.renderer_health(ANNOTATED).detail)
        pipeline.request_renderer(ANNOTATED, Blur())
        begun = len(sent.annotated)
        sent.wait_until(lambda: sum(map(is_drawn, sent.annotated[begun:])) >= FRAMES)
        gate.set()  # what the call that was abandoned still draws goes nowhere
        sent.wait_for(FRAMES)
    assert_redacted(sent)


def test_a_stage_that_raises_and_starts_anew() -> None:
    with secret_camera(good(), Pixelate()) as (pipeline, sent):
        stage = pipeline.annotators[ANNOTATED]
        encode, left = stage.encode, [OSError("no memory")]

        def fail_once(*arguments: Any) -> None:
            if left and len(sent.annotated) >= FRAMES:
                raise left.pop()
            encode(*arguments)

        stage.encode = fail_once
        sent.wait_until(lambda: not left)
        sent.wait_for(FRAMES)
        assert pipeline.counts()["stage_failures"] == 1
    assert_redacted(sent)


@pytest.mark.parametrize(
    ("size_px", "codec"), [((480, 270), "rawvideo"), ((320, 180), "hevc")], ids=["size", "codec"]
)
def test_a_source_that_comes_back_changed(
    size_px: tuple[int, int], codec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = SecretSource(frame_count=FRAMES, live=True)
    again = SecretSource(size_px, codec, live=True)
    monkeypatch.setattr(reader, "open_source", lambda *_: again)
    with secret_camera(SeeingDetector(), Pixelate(), first) as (pipeline, sent):
        sent.wait_until(lambda: pipeline.counts()["openings"] == 2)
        begun = len(sent.annotated)
        sent.wait_until(lambda: sum(map(is_drawn, sent.annotated[begun:])) >= FRAMES)
    assert (pipeline.metadata.width, pipeline.metadata.height) == size_px
    assert_redacted(sent)
