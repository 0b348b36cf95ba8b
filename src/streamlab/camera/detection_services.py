"""The detection services of a process, one per detector, and how many cameras use each."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from weakref import WeakSet

from streamlab.camera.detection import TIMEOUT_S, DetectionService
from streamlab.detect.detector import Detector, LoadOptions
from streamlab.detect.load import LoadDetector, Recipe, load_detector, load_here
from streamlab.media.spec import SourceKind, SourceSpec

BATCH_TIMEOUT_S = 5.0


class DetectionServices:
    """Starts a service for each detector, and stops it when no camera uses it any more.

    ``shared`` serves all cameras without a detector of their own, or only the synthetic ones among
    them (``only_synthetic``). Its service runs from its first use until ``close``.
    """

    def __init__(
        self,
        shared: Detector | None,
        *,
        only_synthetic: bool,
        max_fps: float = 0.0,
        timeout_s: float = TIMEOUT_S,
        load: LoadDetector = load_here,
    ) -> None:
        self.shared = shared
        self.only_synthetic = only_synthetic
        self.options = LoadOptions()
        """The operator's choice of provider and threads."""
        self._load = load
        self._max_fps, self._timeout_s = max_fps, timeout_s
        self._uses: Counter[DetectionService] = Counter()
        self._stopped: WeakSet[DetectionService] = WeakSet()  # may still run their last batch

    async def load(self, model: str, source: SourceSpec | None = None) -> Detector:
        """Load a model where the detectors run. Raises as ``load_detector`` does."""
        return await self._load(Recipe(model, replace(self.options, source=source)))

    def default(self, spec: SourceSpec) -> Detector:
        """Return the detector for a source that is given none. Raises ModelError."""
        is_synthetic = spec.kind is SourceKind.SYNTHETIC
        if self.shared is not None and (is_synthetic or not self.only_synthetic):
            return self.shared
        return load_detector("truth" if is_synthetic else "none", source=spec)

    @property
    def detectors(self) -> list[Detector]:
        """The shared detector, and the others that serve cameras now."""
        shared = [] if self.shared is None else [self.shared]
        return shared + [each.detector for each in self._uses if each.detector is not self.shared]

    def acquire(self, detector: Detector) -> DetectionService:
        """Return the running service of a detector, for one use; ``release`` ends the use."""
        service = self._service_of(detector)
        self._uses[service] += 1
        return service

    def release(self, service: DetectionService) -> None:
        """End one use of a service; it stops after the last one."""
        self._uses[service] -= 1
        if not self._uses[service] and service.detector is not self.shared:
            self._stop(service)

    def uses(self, service: DetectionService) -> int:
        """Return how many uses of a service have not ended."""
        return self._uses[service]

    async def close(self) -> None:
        """Stop all services and wait for the batches in progress.

        A process that ends while a thread is inside ONNX Runtime is aborted.
        """
        for service in list(self._uses):
            self._stop(service)
        await asyncio.gather(
            *(asyncio.to_thread(each.join, BATCH_TIMEOUT_S) for each in list(self._stopped))
        )

    def _service_of(self, detector: Detector) -> DetectionService:
        running = (each for each in self._uses if each.detector is detector)
        return next(running, None) or self._start(detector)

    def _start(self, detector: Detector) -> DetectionService:
        service = DetectionService(detector, max_fps=self._max_fps, timeout_s=self._timeout_s)
        service.start()
        return service

    def _stop(self, service: DetectionService) -> None:
        del self._uses[service]
        service.stop()
        self._stopped.add(service)  # until its thread, which refers to it, has ended
