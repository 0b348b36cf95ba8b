"""Manages all cameras of a process."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from streamlab.camera import AnnotatedChannel
from streamlab.camera.worker_pool import WorkerPool
from streamlab.config.camera import CameraConfig
from streamlab.config.store import CameraStore
from streamlab.core.channels import ANNOTATED, QualityLevel
from streamlab.core.events import EndReason
from streamlab.credentials import redacted
from streamlab.detect.detector import Detector
from streamlab.detect.filter import EVERYTHING, DetectionOptions
from streamlab.detect.render import Renderer
from streamlab.detect.renderers import DEFAULT_RENDERER, load_renderer
from streamlab.errors import (
    CameraExistsError,
    InvalidRequestError,
    LimitError,
    SourceUnreachableError,
    StreamlabError,
    UnknownCameraError,
    UnknownStreamError,
)
from streamlab.media.open_errors import no_picture
from streamlab.media.opening import GRACE_S, begin_opening, give_up
from streamlab.media.source import Source
from streamlab.media.spec import SourceSpec
from streamlab.settings import Settings, is_camera_id
from streamlab.viewers.camera import Camera
from streamlab.viewers.event_log import EventLog
from streamlab.viewers.memory import MemoryTrimming
from streamlab.viewers.services import DetectionServices

MAX_SHOWN_CHARS = 128
_REASONS = {"camera_removed": "on request", "server_shutdown": "the server stops"}


class StreamChannelManager:
    """Creates, removes and reports on cameras. One event loop owns it.

    ``detector`` serves all cameras without a detector of their own, or only the synthetic ones
    among them (``only_synthetic``). Of the rest, a synthetic camera is annotated with the ground
    truth of its scene, and any other is not annotated.
    """

    def __init__(
        self,
        settings: Settings,
        detector: Detector | None = None,
        *,
        only_synthetic: bool = False,
        store: CameraStore | None = None,
        renderer: str = DEFAULT_RENDERER,
    ) -> None:
        """``store`` keeps cameras for the next start; ``renderer`` names the default renderer."""
        self.settings = settings
        self.services = DetectionServices(
            detector, only_synthetic=only_synthetic, max_fps=settings.max_detection_fps
        )
        self._cameras: dict[str, Camera] = {}
        self._opening: dict[str, asyncio.Future[None]] = {}  # done: no longer wanted
        self._at_start: frozenset[str] | None = None
        self._store = store
        self._renderer = renderer
        self._pool = WorkerPool.of_all_cores()
        self._trimming = MemoryTrimming()
        self.events = EventLog()
        """What has happened to the cameras lately."""

    async def add_camera(
        self,
        camera_id: str,
        spec: SourceSpec,
        *,
        detector: Detector | None = None,
        renderer: Renderer | None = None,
        detections: DetectionOptions = EVERYTHING,
        wait: bool = True,
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

        Raises:
            CameraExistsError: a camera with this id exists or is being opened.
            InvalidRequestError: the id is not valid.
            LimitError: there are too many cameras, or sources being opened.
            SourceError: the source cannot be opened.
            ModelError: the default detector or renderer cannot be loaded.
        """
        self._check_new(camera_id)
        renderer = renderer or load_renderer(self._renderer)
        source = await self._open(camera_id, spec) if wait else None
        service = self.services.add(camera_id, spec, detector)
        channel = AnnotatedChannel(ANNOTATED, service, renderer, detections)
        camera = Camera(
            camera_id,
            spec,
            source,
            [channel],
            self.settings,
            self._pool,
            self.events,
        )
        self._cameras[camera_id] = camera
        self.events.add("camera_added", camera_id, f"Added: {spec.display}.")
        camera.start()
        self._trimming.start()
        return camera

    async def _open(self, camera_id: str, spec: SourceSpec) -> Source:
        timeout_s = self.settings.open_timeout
        unwanted = self._opening[camera_id] = asyncio.get_running_loop().create_future()
        try:
            opening = begin_opening(spec, timeout_s)
            opened = asyncio.wrap_future(opening)
            await asyncio.wait(
                (opened, unwanted),
                timeout=timeout_s + GRACE_S,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if opened.done() and not unwanted.done():
                return opened.result()
            give_up(opening)
            if unwanted.done():
                raise SourceUnreachableError(f"camera '{camera_id}' was removed while being opened")
            raise no_picture(spec, timeout_s)
        finally:
            del self._opening[camera_id]

    async def add_configured(
        self,
        config: CameraConfig,
        *,
        detector: Detector | None = None,
        keep: bool = False,
        wait: bool = True,
    ) -> Camera:
        """Run a configured camera; ``keep`` stores it for the next start if there is a store.

        Raises the errors of ``add_camera``, and StateError or LimitError if the camera cannot be
        stored; it does not run then.
        """
        camera = await self.add_camera(
            config.name, config.spec, detector=detector, detections=_detections(config), wait=wait
        )
        camera.quality = QualityLevel(config.quality)
        if keep and self._store is not None:
            try:
                await asyncio.to_thread(self._store.put, config)
            except StreamlabError:
                await self.remove_camera(config.name)
                raise
        return camera

    async def forget_camera(self, camera_id: str) -> None:
        """Remove a camera permanently, even while it is being opened.

        Raises UnknownCameraError, StateError.
        """
        opening = self._opening.get(camera_id)
        if opening is None:
            await self.remove_camera(camera_id)
        elif not opening.done():
            opening.set_result(None)
        if self._store is not None:
            await asyncio.to_thread(self._store.remove, camera_id)

    async def remove_camera(self, camera_id: str, reason: EndReason = "camera_removed") -> None:
        """Stop a camera; its viewers get ``end``. Raises UnknownCameraError."""
        camera = self.camera(camera_id)
        del self._cameras[camera_id]
        self.events.add("camera_removed", camera_id, f"Removed: {_REASONS.get(reason, reason)}.")
        await camera.close(reason)
        self.services.remove(camera_id)

    def request_detector(self, camera_id: str, detector: Detector | None) -> None:
        """Give a running camera another detector, from its next frame on.

        None selects the detector that the cameras share. Raises UnknownCameraError, and
        InvalidRequestError if there is no shared detector.
        """
        camera = self.camera(camera_id)
        before = self.services.own(camera_id)
        camera.change(service=self.services.change(camera_id, detector))
        self.services.release(before)

    async def close(self) -> None:
        """Stop all cameras; their viewers get ``end``. Cameras being opened are abandoned."""
        self._trimming.stop()
        for opening in self._opening.values():
            if not opening.done():
                opening.set_result(None)
        services = self.services.running
        await asyncio.gather(
            *(self.remove_camera(name, "server_shutdown") for name in list(self._cameras))
        )
        self.events.close()
        await self.services.close(services)
        self._pool.close()

    def mark_started(self) -> None:
        """Mark the present cameras as those of the start; readiness counts only these."""
        self._at_start = frozenset(self._cameras)

    @property
    def cameras_at_start(self) -> list[Camera]:
        """The cameras of the start that still exist; before ``mark_started``, all cameras."""
        named = self._cameras if self._at_start is None else self._at_start
        return [camera for name, camera in self._cameras.items() if name in named]

    @property
    def cameras(self) -> Mapping[str, Camera]:
        """The cameras by id, in the order they were added."""
        return self._cameras

    def camera(self, camera_id: str) -> Camera:
        """Return a camera. Raises UnknownCameraError, which lists the known ids."""
        try:
            return self._cameras[camera_id]
        except KeyError:
            known = ", ".join(self._cameras) or "none yet"
            raise UnknownCameraError(
                f"there is no camera '{_shown(camera_id)}'", hint=f"Known cameras: {known}."
            ) from None

    def check_stream(self, camera: Camera, stream_id: str | None) -> None:
        """Raise UnknownStreamError unless ``stream_id`` is the camera's or None."""
        if stream_id is not None and stream_id != camera.stream_id:
            raise UnknownStreamError(
                f"camera '{camera.camera_id}' has no stream '{stream_id}'",
                hint=f"Its stream is '{camera.stream_id}'.",
            )

    def _check_new(self, camera_id: str) -> None:
        if not is_camera_id(camera_id):
            raise InvalidRequestError(
                f"'{_shown(camera_id)}' is not a valid camera id",
                hint="Use letters, digits, '-', '_' and '.', starting with a letter or digit.",
            )
        if camera_id in self._cameras or camera_id in self._opening:
            raise CameraExistsError(
                f"camera '{camera_id}' already exists"
                + (" and is being opened" if camera_id in self._opening else ""),
                hint="Choose another id, or remove that camera.",
            )
        if len(self._cameras) + len(self._opening) >= self.settings.max_cameras:
            raise LimitError(
                f"there are already {self.settings.max_cameras} cameras",
                hint="Remove one, or raise max_cameras.",
            )


def _detections(config: CameraConfig) -> DetectionOptions:
    return DetectionOptions(
        classes=None if config.classes is None else frozenset(config.classes),
        confidence=config.confidence or 0.0,
        max_fps=config.max_detection_fps,
    )


def _shown(camera_id: str) -> str:
    """Shorten and redact an id for display: it may be a source in the wrong field."""
    return redacted(camera_id[:MAX_SHOWN_CHARS])
