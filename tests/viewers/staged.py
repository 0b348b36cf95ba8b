"""What cameras are made of, on virtual time: sources, pipelines, blocking calls and a store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any, cast
from unittest.mock import patch

import supervision as sv

from streamlab.camera import AnnotatedChannel, DetectionService
from streamlab.config.camera import CameraConfig
from streamlab.detect.detector import DetectorKind
from streamlab.detect.draw import BoxRenderer
from streamlab.detect.render import Renderer
from streamlab.errors import SourceUnreachableError, StateError
from streamlab.media.picture import Picture
from streamlab.media.spec import SourceSpec
from streamlab.viewers.camera import Camera
from tests.viewers.producers import producer_of
from tests.viewers.still_camera import StillAnnotator, StillPipeline


class StagedDetector:
    """Finds nothing."""

    kind: DetectorKind = "callable"

    def __init__(self, name: str) -> None:
        self.name = name

    def detect(self, pictures: Sequence[Picture]) -> list[sv.Detections]:
        return [sv.Detections.empty() for _ in pictures]

    def close(self) -> None:
        pass


class StagedSource:
    """A source that knows whether it is open."""

    def __init__(self) -> None:
        self.is_open = True

    def close(self) -> None:
        self.is_open = False


class StagedAnnotator(StillAnnotator):
    def __init__(self, service: DetectionService, renderer: Renderer) -> None:
        self.service = service
        self.renderer = cast(BoxRenderer, renderer)


class StagedPipeline(StillPipeline):
    """Holds its source until it is stopped."""

    def __init__(self, source: StagedSource | None, channels: Sequence[AnnotatedChannel]) -> None:
        super().__init__([])
        self.annotators = {
            each.name: StagedAnnotator(each.service, each.renderer) for each in channels
        }
        self.source = source
        self.stopped = False

    def start(self) -> None:
        pass

    def stop(self) -> None:
        self.stopped = True
        if self.source is not None:
            self.source.close()

    def request_detector(self, channel: str, service: DetectionService) -> None:
        self.annotators[channel].service = service


class LateExecutor(ThreadPoolExecutor):
    """Calls what blocks in the event loop itself, ``delay_s`` later."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(1)
        self.delay_s = 0.0
        self._loop = loop

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        outcome: Future[Any] = Future()

        def call() -> None:
            try:
                outcome.set_result(fn(*args, **kwargs))
            except StateError as error:
                outcome.set_exception(error)

        self._loop.call_later(self.delay_s, call)
        return outcome


class StagedStore:
    """A store in memory, which fails while ``is_full``."""

    def __init__(self) -> None:
        self.cameras: dict[str, CameraConfig] = {}
        self.is_full = False
        self.has_kept_what_was_to_go = False

    def put(self, camera: CameraConfig) -> None:
        if self.is_full:
            raise StateError("the disk is full")
        self.cameras[camera.name] = camera

    def remove(self, name: str) -> None:
        if self.is_full and name in self.cameras:
            self.has_kept_what_was_to_go = True
            raise StateError("the disk is full")
        self.cameras.pop(name, None)


class Stage:
    """Makes the parts of cameras; ``opens`` says when a source opens, and whether it does."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.opens: dict[SourceSpec, tuple[float, bool]] = {}
        self.sources: list[StagedSource] = []
        self.pipelines: list[StagedPipeline] = []
        self._loop = loop

    @contextmanager
    def installed(self) -> Iterator[None]:
        with ExitStack() as patches:
            for name, made in (
                ("bus.in_process.begin_opening", self._begin_opening),
                ("camera.producer.CameraPipeline", self._make_pipeline),
                ("viewers.memory.give_back_free_memory", lambda: None),
            ):
                patches.enter_context(patch(f"streamlab.{name}", made))
            yield

    def capture(self, camera: Camera) -> None:
        """Hand over one frame of all encodings."""
        encoders = self.pipeline_of(camera).encoders
        encoders.capture()
        for made in list(encoders.made.values()):
            producer_of(camera)._handover.put(list(made))
            made.clear()

    def pipeline_of(self, camera: Camera) -> StagedPipeline:
        return cast(StagedPipeline, producer_of(camera)._pipeline)

    def _begin_opening(self, spec: SourceSpec, timeout_s: float) -> Future[StagedSource]:
        opening: Future[StagedSource] = Future()
        delay_s, succeeds = self.opens[spec]

        def end() -> None:
            if not opening.set_running_or_notify_cancel():
                return
            if succeeds:
                self.sources.append(StagedSource())
                opening.set_result(self.sources[-1])
            else:
                opening.set_exception(SourceUnreachableError("nobody answers"))

        self._loop.call_later(delay_s, end)
        return opening

    def _make_pipeline(
        self,
        camera_id: str,
        spec: SourceSpec,
        source: StagedSource | None,
        channels: Sequence[AnnotatedChannel],
        *_others: object,
    ) -> StagedPipeline:
        self.pipelines.append(StagedPipeline(source, channels))
        return self.pipelines[-1]
