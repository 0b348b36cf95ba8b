"""A worker process: runs the cameras that the server gives it, and ends with the server."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import pickle
import socket
import time
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any

import uvicorn

from streamlab.bus.camera_at_work import CameraAtWork
from streamlab.bus.events import encode_events, encoder
from streamlab.bus.native_record import NativeNotes
from streamlab.bus.passed_sockets import SocketReceiver
from streamlab.bus.replies import (
    ALIVE_EVERY_S,
    Alive,
    Events,
    Logged,
    Opened,
    Ready,
    Refusal,
    Reply,
    Stopped,
)
from streamlab.bus.requests import (
    Change,
    ChannelDefinition,
    DetectorReference,
    Encoders,
    GiveUp,
    Measure,
    Observe,
    Open,
    Request,
    Start,
    Stop,
)
from streamlab.camera.detection import DetectionService
from streamlab.camera.detection_services import DetectionServices
from streamlab.camera.frame import SourceChanged
from streamlab.camera.pipeline import AnnotatedChannel
from streamlab.core.channels import SourceState
from streamlab.cores import stay_on
from streamlab.detect.detector import Detector
from streamlab.detect.load import Recipe
from streamlab.detect.remote.client import RemoteDetector
from streamlab.detect.text import error_text
from streamlab.errors import LimitError, StreamlabError
from streamlab.media.opening import begin_opening, give_up
from streamlab.media.source import Source
from streamlab.processes.memory import rss_bytes
from streamlab.processes.message_stream import MessageStream
from streamlab.settings import Settings

REPORT_EVERY_S = 1.0
CLOSE_TIMEOUT_S = 2.0
log = logging.getLogger(__name__)


def run_worker(
    end: socket.socket,
    settings: Settings,
    log_level: int,
    passing: socket.socket,
    notes: NativeNotes,
    core: int | None,
) -> None:
    """Run a worker until the other end of this socket is closed, on one core if one is given.

    Detectors' sockets come through ``passing`` (``bus.passed_sockets``); ``notes`` gets what native
    code the cameras are in.
    """
    stay_on(core)
    notes.note_crashes()
    new_loop = uvicorn.Config(lambda: None, log_config=None).get_loop_factory()
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(_run(end, log_level, Worker(settings, SocketReceiver(passing), notes)))


async def _run(end: socket.socket, log_level: int, worker: Worker) -> None:
    over = asyncio.Event()
    stream = await MessageStream.connect(end, worker.receive, over.set)
    worker.stream = stream
    root = logging.getLogger()
    root.addHandler(_Sending(worker, asyncio.get_running_loop()))
    root.setLevel(log_level)
    worker.send(Ready())
    keeping = asyncio.create_task(worker.report_regularly())
    await over.wait()
    keeping.cancel()
    await asyncio.wait_for(worker.close(), CLOSE_TIMEOUT_S)


class _Sending(logging.Handler):
    """Sends log records to the server, whose log they belong in."""

    def __init__(self, worker: Worker, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._worker, self._loop = worker, loop

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record, from any thread."""
        logged = Logged(record.levelno, record.name, self.format(record))
        self._loop.call_soon_threadsafe(self._worker.send, logged)


class Worker:
    """Does what the server asks for."""

    stream: MessageStream

    def __init__(self, settings: Settings, passed: SocketReceiver, notes: NativeNotes) -> None:
        self._passed, self._notes = passed, notes
        self._answer_timeout_s = 2 * settings.detector_timeout  # its process is replaced before
        self._services = DetectionServices(
            None,
            only_synthetic=False,
            max_fps=settings.max_detection_fps,
            timeout_s=settings.detector_timeout,
        )
        self._loaded: dict[DetectorReference, DetectionService] = {}
        self._cameras: dict[int, CameraAtWork] = {}
        self._openings: dict[int, Future[Source]] = {}
        self._stopping: set[asyncio.Task[None]] = set()

    @property
    def unsent_bytes(self) -> int:
        """What the server has not taken yet."""
        return self.stream.unsent_bytes

    def send(self, reply: Reply) -> None:
        """Send the server a message."""
        self.stream.send(encoder.encode(reply))

    def receive(self, message: bytes) -> None:
        """Do what a message of the server asks for; what fails is logged, and others go on."""
        request: Request = pickle.loads(message)
        try:
            self._do(request)
        except Exception as error:  # the boundary of a request
            log.exception("%s failed", type(request).__name__)
            if isinstance(request, Start):
                failed = SourceChanged(SourceState.FAILED, error_text(error))
                self.send(Events(request.camera, encode_events([failed])))

    def _do(self, request: Request) -> None:
        match request:
            case Open():
                self._open(request)
            case GiveUp(number):
                if (opening := self._openings.pop(number, None)) is not None:
                    give_up(opening)
            case Start():
                self._start(request)
            case Stop(number):
                self._begin(self._stop(number))
            case Encoders(number, wanted):
                self._cameras[number].producer.request_encoders(wanted)
            case Observe(number, observed):
                self._cameras[number].producer.request_observation(observed=observed)
            case Change():
                self._change(request)
            case Measure(number, question, window_s):
                self._cameras[number].measure(question, window_s)

    async def report_regularly(self) -> None:
        """Send the status of each camera from time to time, and that the worker is alive."""
        ticks = 0
        while True:
            self.send(Alive(time.process_time_ns(), rss_bytes()))
            if ticks % round(REPORT_EVERY_S / ALIVE_EVERY_S) == 0:
                for camera in self._cameras.values():
                    camera.report()
            ticks += 1
            await asyncio.sleep(ALIVE_EVERY_S)

    async def close(self) -> None:
        """Stop all cameras and detectors."""
        for number in list(self._cameras):
            self._begin(self._stop(number))
        await asyncio.gather(*self._stopping, return_exceptions=True)
        await self._services.close()

    def _open(self, request: Open) -> None:
        try:
            native = self._notes.section(request.opening, "source")
            opening = begin_opening(request.spec, request.timeout_s, native)
        except LimitError as error:
            self._notes.release(request.opening)
            self.send(Opened(request.opening, Refusal.of(error)))
            return
        self._openings[request.opening] = opening
        loop = asyncio.get_running_loop()
        opening.add_done_callback(
            lambda done: loop.call_soon_threadsafe(self._receive_opening, request.opening, done)
        )

    def _receive_opening(self, number: int, opening: Future[Source]) -> None:
        self._notes.release(number)
        if number not in self._openings:
            return
        error = opening.exception()
        if error is not None:
            del self._openings[number]
        assert error is None or isinstance(error, StreamlabError)
        self.send(Opened(number, None if error is None else Refusal.of(error)))

    def _start(self, request: Start) -> None:
        opening = None if request.opening is None else self._openings.pop(request.opening, None)
        source = None if opening is None else opening.result()
        definition = request.definition
        channels = [self._channel(each) for each in definition.channels]
        native = self._notes.of(request.camera)
        camera = CameraAtWork(request.camera, definition, source, channels, self, native)
        self._cameras[request.camera] = camera
        camera.start()

    def _channel(self, definition: ChannelDefinition) -> AnnotatedChannel:
        service = self._acquire(definition.detector)
        return AnnotatedChannel(
            definition.name, service, pickle.loads(definition.renderer), definition.detections
        )

    def _acquire(self, wanted: DetectorReference) -> DetectionService:
        """Return the service of a detector, which all cameras of the worker share."""
        service = self._loaded.get(wanted)
        detector = self._detector(wanted) if service is None else service.detector
        self._loaded[wanted] = service = self._services.acquire(detector)
        return service

    def _detector(self, wanted: DetectorReference) -> Detector:
        if isinstance(wanted, Recipe):
            return wanted.load()
        socket_ = self._passed.take(wanted.number)
        return RemoteDetector(socket_, wanted.name, wanted.kind, timeout_s=self._answer_timeout_s)

    def _release(self, channel: AnnotatedChannel) -> None:
        self._services.release(channel.service)
        if not self._services.uses(channel.service):
            kept = [each for each in self._loaded.items() if each[1] is not channel.service]
            self._loaded = dict(kept)

    def _change(self, change: Change) -> None:
        camera = self._cameras[change.camera]
        if change.detector is not None:
            before = camera.channels[change.channel]
            service = self._acquire(change.detector)
            camera.channels[change.channel] = dataclasses.replace(before, service=service)
            camera.receive_change(change)
            self._release(before)
        else:
            camera.receive_change(change)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._stopping.add(task)
        task.add_done_callback(self._stopping.discard)

    async def _stop(self, number: int) -> None:
        camera = self._cameras.pop(number, None)
        if camera is not None:  # it could be started
            camera.producer.close()
            await camera.producer.stop()
            for channel in camera.channels.values():
                self._release(channel)
        self._notes.release(number)
        self.send(Stopped(number))
