"""Manages all cameras of a process."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from weakref import WeakSet

from streamlab.bus.carrier import Carrier, OpenSource
from streamlab.bus.in_process import InProcess
from streamlab.camera import AnnotatedChannel, DetectionService
from streamlab.camera.detection_services import DetectionServices
from streamlab.config.camera import CameraConfig
from streamlab.config.store import CameraStore
from streamlab.core.channels import ANNOTATED, QualityLevel
from streamlab.core.events import EndReason
from streamlab.detect.detector import Detector
from streamlab.detect.filter import EVERYTHING, DetectionOptions
from streamlab.detect.render import Renderer
from streamlab.detect.renderers import DEFAULT_RENDERER, load_renderer
from streamlab.errors import (
    InvalidRequestError,
    ShuttingDownError,
    StreamlabError,
    UnknownStreamError,
)
from streamlab.media.limits import SourceLimits
from streamlab.media.spec import SourceSpec
from streamlab.settings import Settings
from streamlab.viewers.additions import Additions
from streamlab.viewers.camera import Camera
from streamlab.viewers.camera_ids import check_new, unknown_camera
from streamlab.viewers.event_log import EventLog
from streamlab.viewers.kept_cameras import KeptCameras
from streamlab.viewers.memory import MemoryTrimming
from streamlab.viewers.openings import Openings
from streamlab.viewers.unfinished import Unfinished

_REASONS = {"camera_removed": "on request", "server_shutdown": "the server stops"}


class StreamChannelManager:
    """Creates, removes and reports on cameras. One event loop owns it.

    A removal takes its camera out at once and completes even if its caller is cancelled: what is
    released then is what that camera used, never what a newer one of the same id uses.

    ``detector`` serves all cameras without a detector of their own, or only the synthetic ones
    among them (``only_synthetic``). Of the rest, a synthetic camera is annotated with the ground
    truth of its scene, and any other is not annotated. ``renderer`` names the default renderer.
    """

    def __init__(
        self,
        settings: Settings,
        detector: Detector | None = None,
        *,
        only_synthetic: bool = False,
        store: CameraStore | None = None,
        renderer: str = DEFAULT_RENDERER,
        carrier: Carrier | None = None,
    ) -> None:
        """``store`` keeps cameras for the next start; ``carrier`` runs them, else this process."""
        self.settings = settings
        self.carrier = carrier or InProcess()
        self.services = DetectionServices(
            detector,
            only_synthetic=only_synthetic,
            max_fps=settings.max_detection_fps,
            timeout_s=settings.detector_timeout,
            load=self.carrier.load_detector,
        )
        self._cameras: dict[str, Camera] = {}
        self._services: dict[Camera, DetectionService] = {}
        self._openings = Openings(self.carrier, settings.open_timeout)
        self._kept = KeptCameras(store)
        self._additions = Additions(settings.max_cameras_per_minute)
        self._unfinished = Unfinished()
        self._on_removal: list[Callable[[Camera], None]] = []
        self._closed = False
        self._at_start: WeakSet[Camera] | None = None
        self._renderer = renderer
        self._trimming = MemoryTrimming()
        self.events = EventLog()  # what has happened to the cameras lately
        self.carrier.call_on_event(partial(self.events.add, "worker"))

    async def add_camera(
        self,
        camera_id: str,
        spec: SourceSpec,
        *,
        detector: Detector | None = None,
        renderer: Renderer | None = None,
        detections: DetectionOptions = EVERYTHING,
        wait: bool = True,
        replace: bool = False,
    ) -> Camera:
        """Run a source as a camera.

        Args:
            camera_id: an id that no other camera has.
            spec: the source.
            detector: serves this camera, and any other that is given the same one; None: the
                default one (see the class).
            renderer: used by this camera only; None: the default one.
            detections: which of the detector's results the camera wants.
            wait: True: the source must give a picture within ``open_timeout``; False: the camera
                exists at once, whatever its source does.
            replace: take the place of a camera with this id, which runs until then.

        Raises:
            CameraExistsError: a camera with this id exists or is being opened.
            InvalidRequestError: the id is not valid.
            LimitError: there are too many cameras, or sources being opened.
            SourceError: the source cannot be opened.
            ModelError: the default detector or renderer cannot be loaded.
            ShuttingDownError: the cameras were closed.
        """
        self._check_new(camera_id, replace=replace)
        spec = dataclasses.replace(spec, max_pixels=self.settings.max_pixels)
        renderer = renderer or load_renderer(self._renderer)
        source = await self._openings.open(camera_id, spec) if wait else None
        camera = self._start(camera_id, spec, source, detector, renderer, detections)
        replaced = self._cameras.pop(camera_id, None)
        self._cameras[camera_id] = camera
        self.events.add("camera_added", camera_id, f"Added: {spec.display}.")
        if replaced is not None:
            await self._begin_closing(replaced, "camera_removed")
        return camera

    def _start(
        self,
        camera_id: str,
        spec: SourceSpec,
        source: OpenSource | None,
        detector: Detector | None,
        renderer: Renderer,
        detections: DetectionOptions,
    ) -> Camera:
        with ExitStack() as undo:
            if source is not None:
                undo.callback(source.close)
            service = self.services.acquire(detector or self.services.default(spec))
            undo.callback(self.services.release, service)
            channel = AnnotatedChannel(ANNOTATED, service, renderer, detections)
            camera = Camera(
                camera_id, spec, source, [channel], self.settings, self.carrier, self.events
            )
            camera.start()
            undo.pop_all()
        self._services[camera] = service
        self._trimming.start()
        return camera

    async def add_configured(
        self,
        config: CameraConfig,
        *,
        detector: Detector | None = None,
        keep: bool = False,
        wait: bool = True,
        limits: SourceLimits | None = None,
    ) -> Camera:
        """Run a configured camera; ``keep`` stores it for the next start if there is a store.

        ``limits``: what its source may reach, if it was given over HTTP. Raises the errors of
        ``add_camera``, and StateError or LimitError if the camera, which does not run then, cannot
        be stored.
        """
        if keep:
            self._additions.admit()
        spec = dataclasses.replace(config.spec, limits=limits)
        camera = await self.add_camera(
            config.name, spec, detector=detector, detections=config.detections, wait=wait
        )
        camera.quality = QualityLevel(config.quality)
        if keep:
            self._kept.keep(config)  # before the first await: it may be forgotten meanwhile
            await self._unfinished.begin(self._keep(camera, config))
        return camera

    async def _keep(self, camera: Camera, config: CameraConfig) -> None:
        try:
            await self._kept.write(config.name)
        except StreamlabError:
            self._kept.give_up(config)
            await self.remove(camera)
            raise

    async def forget_camera(self, camera_id: str) -> None:
        """Remove a camera for good, even while it opens. Raises UnknownCameraError, StateError."""
        work = []
        if not self._openings.abandon(camera_id) or camera_id in self._cameras:
            work.append(self._begin_removal(self.camera(camera_id), "camera_removed"))
        self._kept.forget(camera_id)
        await asyncio.gather(*work, self._unfinished.begin(self._kept.write(camera_id)))

    async def remove_camera(self, camera_id: str, reason: EndReason = "camera_removed") -> None:
        """Stop a camera; its viewers get ``end``. Raises UnknownCameraError."""
        await self._begin_removal(self.camera(camera_id), reason)

    async def remove(self, camera: Camera) -> None:
        """Stop this very camera, if it has not been removed or replaced already."""
        if self._cameras.get(camera.camera_id) is camera:
            await self._begin_removal(camera, "camera_removed")

    def request_detector(self, camera_id: str, detector: Detector | None) -> None:
        """Give a running camera another detector, from its next frame on.

        None selects the detector that the cameras share. Raises UnknownCameraError, and
        InvalidRequestError if there is no shared detector.
        """
        camera = self.camera(camera_id)
        detector = self.services.shared if detector is None else detector
        if detector is None:
            raise InvalidRequestError("there is no shared detector", hint="Name one.")
        service = self.services.acquire(detector)
        camera.change(service=service)
        self.services.release(self._services.pop(camera))
        self._services[camera] = service

    async def close(self) -> None:
        """Stop all cameras; their viewers get ``end``. No camera can be added from now on.

        Cameras being opened are abandoned, and removals in progress are waited for.
        """
        self._closed = True
        self._trimming.stop()
        for camera_id in list(self._openings):
            self._openings.abandon(camera_id)
        for camera in list(self._cameras.values()):
            self._begin_removal(camera, "server_shutdown")
        await self._unfinished.wait()
        self.events.close()
        await self.services.close()
        await self.carrier.close()

    def call_on_removal(self, receive_removal: Callable[[Camera], None]) -> None:
        """Call ``receive_removal`` with each camera that is removed; it must not raise."""
        self._on_removal.append(receive_removal)

    def _begin_removal(self, camera: Camera, reason: EndReason) -> asyncio.Future[None]:
        return self._begin_closing(self._cameras.pop(camera.camera_id), reason)

    def _begin_closing(self, camera: Camera, reason: EndReason) -> asyncio.Future[None]:
        camera.remove(reason)
        why = _REASONS.get(reason, reason)
        self.events.add("camera_removed", camera.camera_id, f"Removed: {why}.")
        for receive_removal in self._on_removal:
            receive_removal(camera)
        return self._unfinished.begin(self._close(camera, reason))

    async def _close(self, camera: Camera, reason: EndReason) -> None:
        try:
            await camera.close(reason)
        finally:
            self.services.release(self._services.pop(camera))

    def mark_started(self) -> None:
        """Mark the present cameras as those of the start; readiness counts only these."""
        self._at_start = WeakSet(self._cameras.values())

    @property
    def cameras_at_start(self) -> list[Camera]:
        """The cameras of the start that still exist; before ``mark_started``, all cameras."""
        return [x for x in self._cameras.values() if self._at_start is None or x in self._at_start]

    @property
    def cameras(self) -> Mapping[str, Camera]:
        """The cameras by id, in the order they were added."""
        return self._cameras

    def camera(self, camera_id: str) -> Camera:
        """Return a camera. Raises UnknownCameraError, which lists the known ids."""
        if camera_id not in self._cameras:
            raise unknown_camera(camera_id, self._cameras)
        return self._cameras[camera_id]

    def check_stream(self, camera: Camera, stream_id: str | None) -> None:
        """Raise UnknownStreamError unless ``stream_id`` is the camera's or None."""
        if stream_id is not None and stream_id != camera.stream_id:
            raise UnknownStreamError(
                f"camera '{camera.camera_id}' has no stream '{stream_id}'",
                hint=f"Its stream is '{camera.stream_id}'.",
            )

    @property
    def names(self) -> list[str]:
        """The ids that are taken: of all cameras, and of those being opened."""
        return [*self._cameras, *(each for each in self._openings if each not in self._cameras)]

    def _check_new(self, camera_id: str, *, replace: bool) -> None:
        if self._closed:
            raise ShuttingDownError("the cameras have been closed", hint="Start again.")
        others = [name for name in self._cameras if not (replace and name == camera_id)]
        check_new(camera_id, others, self._openings, self.settings.max_cameras)
