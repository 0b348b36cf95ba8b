"""A camera comes back by itself after any error of its source."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from streamlab.camera import reader
from streamlab.camera.capture import Capture
from streamlab.camera.frame import CapturedFrame, SourceChanged
from streamlab.clock import monotonic_ns
from streamlab.core.channels import SourceState
from streamlab.core.time.keyframes import KeyframeClock
from streamlab.core.time.timebase import NS_PER_S, TIMESCALE
from streamlab.errors import SourceUnreachableError
from streamlab.media.source import Source, SourceFrame, SourceInfo
from streamlab.media.spec import SourceSpec
from tests.camera.recorder import TIMEOUT_S

CAMERA = SourceSpec.parse("rtsp://admin:hunter2@camera.example/1")
FAILURES = 3
ERRORS = (
    UnicodeDecodeError("utf-8", b"\xfc", 0, 1, "invalid start byte"),
    AttributeError("'VideoStream' object has no attribute 'width'"),
    MemoryError(),
    KeyError("rtsp://admin:hunter2@camera.example/1"),
)


class Fragile:
    """A live camera with an error in one ``place``; without an error, it works until stopped."""

    reorders = False

    def __init__(self, place: str, error: Exception | None) -> None:
        self._place, self._error = place, error
        self._stopped = threading.Event()

    @property
    def info(self) -> SourceInfo:
        self._fail("info")
        return SourceInfo(codec="mjpeg", width=64, height=64, fps=Fraction(25), live=True)

    @property
    def extradata(self) -> bytes | None:
        self._fail("extradata")
        return None

    def frames(self) -> Iterator[SourceFrame]:
        yield black_frame()
        self._fail("frames")
        yield black_frame()
        self._stopped.wait()

    def stop(self) -> None:
        self._stopped.set()

    def close(self) -> None:
        self._stopped.set()
        self._fail("close")

    def _fail(self, place: str) -> None:
        if self._error is not None and self._place == place:
            raise self._error


class Lost(Fragile):
    """A camera whose connection is lost after a frame."""

    def frames(self) -> Iterator[SourceFrame]:
        yield black_frame()
        raise SourceUnreachableError("the connection was lost")


class Foreign(Fragile):
    """A camera of which, after a frame, only packets arrive that are no pictures."""

    def frames(self) -> Iterator[SourceFrame]:
        yield black_frame()
        self._stopped.wait()
        raise SourceUnreachableError("it is not read any more")


def black_frame() -> SourceFrame:
    black = np.zeros((96, 64), np.uint8)
    return SourceFrame(av.VideoFrame.from_ndarray(black, format="yuv420p"), None, keyframe=True)


class Camera:
    """A capture whose openings give sources in turn: ``fragile`` ones first, then sound ones."""

    def __init__(self, spec: SourceSpec, place: str, errors: list[Exception]) -> None:
        self._place, self._errors = place, errors
        self.openings = 0
        self.news: list[SourceChanged] = []
        self._changed = threading.Condition()
        self.capture = Capture(
            "cam", spec, None, KeyframeClock(TIMESCALE), lambda _: True, self._receive
        )

    def open(self, _: SourceSpec, timeout_s: float = 0.0) -> Source:
        error = self._errors[self.openings] if self.openings < len(self._errors) else None
        self.openings += 1
        if error is not None and self._place == "open":
            raise error
        kinds = {"close": Lost, "packets": Foreign} if error is not None else {}
        return kinds.get(self._place, Fragile)(self._place, error)

    def _receive(self, change: SourceChanged) -> None:
        with self._changed:
            self.news.append(change)
            self._changed.notify_all()

    def run(self, state: SourceState, openings: int) -> None:
        """Run until it is in this state after so many openings."""
        self.capture.start()
        self.wait_and_stop(state, openings)

    def wait_and_stop(self, state: SourceState, openings: int) -> None:
        with self._changed:
            arrived = self._changed.wait_for(
                lambda: self.openings >= openings and self.news[-1].state is state, TIMEOUT_S
            )
        self.capture.stop()
        self.capture.join(TIMEOUT_S)
        assert arrived, self.news

    @property
    def counts(self) -> Counter[str]:
        return self.capture.counts

    @property
    def details(self) -> set[str]:
        return {change.detail for change in self.news if change.detail}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "BACKOFF_FIRST_S", 0.01)
    monkeypatch.setattr(reader, "JITTER_S", 0.01)


def camera(
    monkeypatch: pytest.MonkeyPatch, place: str, errors: list[Exception], spec: SourceSpec = CAMERA
) -> Camera:
    made = Camera(spec, place, errors)
    monkeypatch.setattr(reader, "open_source", made.open)
    return made


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("place", ["open", "info", "extradata", "frames"])
def test_a_live_camera_comes_back_after_any_error(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, place: str, error: Exception
) -> None:
    made = camera(monkeypatch, place, [error] * FAILURES)
    with caplog.at_level(logging.ERROR):
        made.run(SourceState.LIVE, FAILURES + 1)
    assert made.counts["unexpected_source_errors"] == FAILURES
    (detail,) = made.details
    assert f"failed unexpectedly: {type(error).__name__}" in detail
    assert str(error).split("rtsp")[0] in detail
    (record,) = caplog.records
    assert "Traceback" in record.getMessage()
    assert "hunter2" not in detail + record.getMessage()
    retries = [change.retry_at for change in made.news if change.retry_at is not None]
    assert len(retries) == FAILURES


def test_each_new_error_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made = camera(monkeypatch, "frames", list(ERRORS))
    made.run(SourceState.LIVE, len(ERRORS) + 1)
    assert len(made.details) == len(caplog.records) == len(ERRORS)


def test_a_source_that_cannot_be_closed_is_opened_again_for_the_reason_it_was_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = camera(monkeypatch, "close", [KeyError("handle")] * FAILURES)
    made.run(SourceState.LIVE, FAILURES + 1)
    assert made.details == {"the connection was lost"}
    assert made.counts["unexpected_source_errors"] == FAILURES


def test_a_file_that_is_played_once_fails_and_one_that_loops_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "door.mp4"
    once = camera(monkeypatch, "frames", [KeyError("x")], SourceSpec.parse(f"{path}#once"))
    once.run(SourceState.FAILED, 1)
    assert once.news[-1].detail.endswith("failed unexpectedly: KeyError: 'x'")
    assert once.openings == 1
    looping = camera(monkeypatch, "frames", [KeyError("x")], SourceSpec.parse(str(path)))
    looping.run(SourceState.LIVE, 2)


@pytest.mark.parametrize("address", ["udp://@127.0.0.1:5000", "webcam:0"])
def test_a_source_without_pictures_is_reopened_where_only_one_can_read(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    made = camera(monkeypatch, "packets", [ValueError()], SourceSpec.parse(address))
    captured = threading.Event()

    def deliver(_: CapturedFrame) -> bool:
        captured.set()
        return True

    made.capture.deliver = deliver
    made.capture.start()
    assert captured.wait(TIMEOUT_S)
    late_ns = monotonic_ns() + 1000 * NS_PER_S
    states = [made.capture.check(late_ns + passed_ns) for passed_ns in (0, 2 * NS_PER_S)]
    assert [state and state.state for state in states] == [SourceState.STALLED] * 2
    made.wait_and_stop(SourceState.LIVE, openings=2)
    (detail,) = made.details
    assert detail.startswith("no picture for 10")
