"""A process of staged cameras: how its loop is run, how it ends, and what must always hold."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Coroutine
from contextlib import ExitStack, suppress
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from streamlab.camera import DetectionService
from streamlab.config.camera import CameraConfig
from streamlab.core.channels import ChannelType
from streamlab.core.stream.connection import Connection
from streamlab.errors import StreamlabError
from streamlab.media.spec import SourceSpec
from streamlab.settings import Settings
from streamlab.viewers import Camera, ChannelSubscriptionManager, StreamChannelManager
from streamlab.viewers.reader import Reader
from streamlab.viewers.subscriptions import RESERVATION_S
from tests.viewers.staged import LateExecutor, Stage, StagedDetector, StagedStore
from tests.viewers.virtual import VirtualTime

OPEN_TIMEOUT_S = 10.0
JOIN_S = 5.0
MAX_TURNS = 3


class Process(RuleBasedStateMachine):
    """One process on virtual time, and what must always hold of it."""

    def __init__(self) -> None:
        super().__init__()
        self.time = VirtualTime()
        self.loop = self.time.new_loop()
        self.wrong: list[dict[str, Any]] = []
        self.loop.set_exception_handler(lambda _, context: self.wrong.append(context))
        self.executor = LateExecutor(self.loop)
        self.loop.set_default_executor(self.executor)
        self.stage = Stage(self.loop)
        self.installed = ExitStack()
        self.installed.enter_context(self.time.installed())
        self.installed.enter_context(self.stage.installed())
        self.threads = set(threading.enumerate())
        self.shared = StagedDetector("shared")
        self.detectors = [self.shared, StagedDetector("one"), StagedDetector("two")]
        self.store = StagedStore()
        self.cameras: list[Camera] = []
        self.readers: list[tuple[Reader, Camera, Connection]] = []
        self.reserved: list[tuple[Camera, Connection]] = []
        self.requests: list[asyncio.Task[object]] = []
        self.additions: list[asyncio.Task[object]] = []
        self.kept: dict[Camera, CameraConfig] = {}
        self.stopped: set[str] = set()
        self.specs = 0
        self.open_manager()

    def open_manager(self) -> None:
        self.manager = StreamChannelManager(
            Settings(max_cameras=3, max_connections=6, open_timeout=OPEN_TIMEOUT_S),
            self.shared,
            store=self.store,  # type: ignore[arg-type]
        )
        self.viewers = ChannelSubscriptionManager(self.manager)

    # -- running the loop ----------------------------------------------------------------

    def begin(self, request: Coroutine[Any, Any, object]) -> asyncio.Task[object]:
        self.requests.append(self.loop.create_task(request))
        return self.requests[-1]

    def call(self, function: Any, *arguments: Any) -> Any:
        """Call it in the loop; refused requests are answered with None."""

        async def answer() -> Any:
            with suppress(StreamlabError):
                return function(*arguments)

        return self.loop.run_until_complete(answer())

    @rule(seconds=st.sampled_from([0.05, 1.0, 8.0, 40.0]))
    def wait(self, seconds: float) -> None:
        self.loop.run_until_complete(asyncio.sleep(seconds))

    @rule(turns=st.integers(1, MAX_TURNS))
    def turn(self, turns: int) -> None:
        for _ in range(turns):
            self.loop.run_until_complete(asyncio.sleep(0))

    @initialize(delay_s=st.sampled_from([0.0, 2.0]))
    def set_pace(self, delay_s: float) -> None:
        self.executor.delay_s = delay_s

    @rule(delay_s=st.sampled_from([0.0, 0.01, 2.0]), is_full=st.booleans())
    def change_pace(self, delay_s: float, is_full: bool) -> None:
        self.executor.delay_s, self.store.is_full = delay_s, is_full

    # -- the end -------------------------------------------------------------------------

    @rule()
    def close(self) -> None:
        """End the process, and begin another with the same store."""
        closing = self.begin(self.manager.close())
        self.turn(1)
        late = self.begin(self.manager.add_camera("late", SourceSpec.parse("rtsp://x/")))
        while not (closing.done() and late.done()):
            self.loop.run_until_complete(asyncio.sleep(1.0))
        closing.result()
        assert late.exception() is not None
        assert not self.manager.cameras
        for reader, _, _ in self.readers:
            self.call(reader.close)
        self.readers.clear()
        self.wait(2 * RESERVATION_S + OPEN_TIMEOUT_S)
        self.check_nothing_is_left()
        self.store.cameras.clear()
        self.kept.clear()
        self.stopped.clear()
        self.open_manager()

    def check_nothing_is_left(self) -> None:
        assert all(each.done() for each in self.requests), "every request is answered"
        self.check_answers()
        assert not asyncio.all_tasks(self.loop)
        assert not self.viewers._open
        assert not self.viewers._reserved
        assert not any(each._running.stream.connections for each in self.cameras)
        assert not any(each.is_open for each in self.stage.sources)
        for thread in set(threading.enumerate()) - self.threads:
            thread.join(JOIN_S)
            assert not thread.is_alive(), thread.name
        timers = self.loop._scheduled  # type: ignore[attr-defined]
        assert not [each for each in timers if not each.cancelled()]
        self.cameras.clear()

    def check_answers(self) -> None:
        for request in [each for each in self.requests if each.done()]:
            self.requests.remove(request)
            if not request.cancelled() and (error := request.exception()) is not None:
                assert isinstance(error, StreamlabError), repr(error)
        assert not self.wrong

    def teardown(self) -> None:
        try:
            self.close()
            gc.collect()  # exceptions that nobody asked for are reported now
            assert not self.wrong
        finally:
            self.loop.close()
            self.installed.close()

    # -- what always holds ---------------------------------------------------------------

    @invariant()
    def every_camera_is_detected_on(self) -> None:
        for camera in self.manager.cameras.values():
            if camera not in self.cameras:
                self.cameras.append(camera)
            assert self.service_of(camera) in running_services(self.threads)

    @invariant()
    def nothing_outlives_its_camera(self) -> None:
        self.check_answers()
        cameras = list(self.manager.cameras.values())
        held = {name for each in self.cameras for name in each._running.stream.connections}
        assert set(self.viewers._open) <= held
        assert {each.camera for each in self.viewers._reserved.values()} <= set(cameras)
        if self.manager._unfinished or not all(each.done() for each in self.additions):
            return
        self.additions.clear()
        in_use = {self.service_of(camera) for camera in cameras}
        unused = running_services(self.threads) - in_use
        assert {each.detector for each in unused} <= {self.shared}
        sources = [self.stage.pipeline_of(camera).source for camera in cameras]
        assert all(each in sources for each in self.stage.sources if each.is_open)

    @invariant()
    def one_service_runs_per_detector(self) -> None:
        services = running_services(self.threads)
        assert len({id(each.detector) for each in services}) == len(services)

    @invariant()
    def what_is_kept_is_stored_and_runs(self) -> None:
        if self.manager._unfinished:
            return
        for camera in self.manager.cameras.values():
            if camera in self.kept:
                assert self.store.cameras[camera.camera_id] is self.kept[camera]
        if not self.store.has_kept_what_was_to_go:
            assert set(self.store.cameras) <= set(self.manager.cameras) | self.stopped

    def service_of(self, camera: Camera) -> DetectionService:
        return self.stage.pipeline_of(camera).annotators[ChannelType.ANNOTATED].service


def running_services(others: set[threading.Thread]) -> set[DetectionService]:
    """The services that were started and not stopped."""
    services = {each for each in threading.enumerate() if isinstance(each, DetectionService)}
    return {each for each in services - others if not each._stopping}
