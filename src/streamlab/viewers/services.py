"""The detection services of a process: the shared one, and those of single cameras."""

from __future__ import annotations

import asyncio

from streamlab.camera import DetectionService
from streamlab.detect.detector import Detector
from streamlab.detect.load import load_detector
from streamlab.errors import InvalidRequestError
from streamlab.media.spec import SourceKind, SourceSpec

BATCH_TIMEOUT_S = 5.0


class DetectionServices:
    """Starts a service for each detector, and stops it when no camera uses it any more.

    ``shared`` serves all cameras without a detector of their own, or only the synthetic ones among
    them (``only_synthetic``).
    """

    def __init__(self, shared: Detector | None, *, only_synthetic: bool, max_fps: float) -> None:
        self.shared = shared
        self.only_synthetic = only_synthetic
        self._max_fps = max_fps
        self._shared: DetectionService | None = None
        self._own: dict[str, DetectionService] = {}

    def add(self, camera_id: str, spec: SourceSpec, detector: Detector | None) -> DetectionService:
        """Return the service for a new camera."""
        shares = not self.only_synthetic or spec.kind is SourceKind.SYNTHETIC
        if detector is None and shares and (shared := self._shared_service()) is not None:
            return shared
        own = self._own[camera_id] = self._service_of(detector or _default_detector(spec))
        return own

    def change(self, camera_id: str, detector: Detector | None) -> DetectionService:
        """Return the service that a camera uses from now on; ``detector`` None: the shared one.

        Once the camera uses it, call ``release`` with what ``own`` returned before. Raises
        InvalidRequestError if there is no shared detector.
        """
        service = self._shared_service() if detector is None else self._service_of(detector)
        if service is None:
            raise InvalidRequestError("there is no shared detector", hint="Name one.")
        self._own.pop(camera_id, None)
        if detector is not None:
            self._own[camera_id] = service
        return service

    def own(self, camera_id: str) -> DetectionService | None:
        """Return a camera's service; None if it uses the shared one."""
        return self._own.get(camera_id)

    def remove(self, camera_id: str) -> None:
        """Release the service of a camera that was removed."""
        self.release(self._own.pop(camera_id, None))

    def release(self, service: DetectionService | None) -> None:
        """Stop a service unless a camera still uses it; None is ignored."""
        if service is not None and service not in self._own.values():
            service.stop()

    async def close(self, running: set[DetectionService]) -> None:
        """Stop the shared service and wait for the batches in progress in ``running``.

        A process that ends while a thread is inside ONNX Runtime is aborted.
        """
        if self._shared is not None:
            self._shared.stop()
        await asyncio.gather(*(asyncio.to_thread(each.join, BATCH_TIMEOUT_S) for each in running))

    @property
    def running(self) -> set[DetectionService]:
        """All running services."""
        return {each for each in (self._shared, *self._own.values()) if each is not None}

    def _service_of(self, detector: Detector) -> DetectionService:
        """Return the service of a detector, which several cameras may share."""
        services = (own for own in self._own.values() if own.detector is detector)
        return next(services, None) or self._start(detector)

    def _shared_service(self) -> DetectionService | None:
        if self._shared is None and self.shared is not None:
            self._shared = self._start(self.shared)
        return self._shared

    def _start(self, detector: Detector) -> DetectionService:
        service = DetectionService(detector, max_fps=self._max_fps)
        service.start()
        return service


def _default_detector(spec: SourceSpec) -> Detector:
    name = "truth" if spec.kind is SourceKind.SYNTHETIC else "none"
    return load_detector(name, source=spec)
