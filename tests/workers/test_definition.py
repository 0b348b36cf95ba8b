"""A camera as values for another process, and what that process logs."""

from __future__ import annotations

import logging
import pickle
from typing import Any

import pytest

from streamlab.bus.definition import NotMovableError, definition_of
from streamlab.bus.replies import MAX_NAME_CHARS, MAX_TEXT_CHARS, Logged
from streamlab.bus.requests import Start
from streamlab.camera.detection import DetectionService
from streamlab.camera.pipeline import AnnotatedChannel
from streamlab.detect.load import load_detector
from streamlab.detect.render import Renderer
from streamlab.detect.renderers import load_renderer
from streamlab.media.spec import SourceSpec
from streamlab.settings import Settings

STREET = SourceSpec.parse("synthetic://traffic")


class Counted:
    """A renderer that counts how often it is pickled."""

    pickled = 0

    def draw(self, *_: Any, **__: Any) -> None:
        pass

    def __reduce__(self) -> tuple[type[Counted], tuple[()]]:
        Counted.pickled += 1
        return Counted, ()


def channels_with(renderer: Renderer) -> list[AnnotatedChannel]:
    detector = load_detector("truth", source=STREET)
    return [AnnotatedChannel("annotated", DetectionService(detector), renderer)]


def test_a_renderer_is_pickled_once() -> None:
    definition = definition_of("street", STREET, channels_with(Counted()), Settings(), 1)
    for _ in range(3):  # workers that follow each other
        start = pickle.loads(pickle.dumps(Start(1, definition, None)))
    assert Counted.pickled == 1
    assert isinstance(pickle.loads(start.definition.channels[0].renderer), Counted)


def test_a_renderer_that_is_code_is_refused_by_name() -> None:
    renderer = load_renderer("boxes")
    renderer.draw = lambda *_, **__: None  # type: ignore[method-assign]
    with pytest.raises(NotMovableError, match="is code"):
        definition_of("street", STREET, channels_with(renderer), Settings(), 1)


def test_a_worker_cannot_make_loggers(caplog: pytest.LogCaptureFixture) -> None:
    Logged(logging.ERROR, "first", "it begins").log_as("worker-1")
    before = set(logging.Logger.manager.loggerDict)
    for number in range(100):
        Logged(logging.ERROR, f"{number}." + "x" * 999, "y" * 99_999).log_as("worker-1")
    assert set(logging.Logger.manager.loggerDict) == before
    assert caplog.records[0].getMessage() == "worker-1: first: it begins"
    assert len(caplog.records[-1].getMessage()) < MAX_NAME_CHARS + MAX_TEXT_CHARS + 20
