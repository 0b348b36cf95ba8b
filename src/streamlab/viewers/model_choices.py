"""The models that a camera may be given while a server runs, by people who are not its operator.

These are the models that run already, those that ship with streamlab, and ONNX files in the
folders that are open to sources given over HTTP. What runs code of its own when it is loaded (a
``.pt`` file, a detector of a package) is never loaded here: only an operator may name it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from streamlab.camera.detection_services import DetectionServices
from streamlab.detect.detector import Detector
from streamlab.detect.model_spec import ModelSpec
from streamlab.detect.shipped import shipped_models
from streamlab.errors import ModelError
from streamlab.media.limits import SourceLimits
from streamlab.media.spec import SourceKind, SourceSpec

NONE, TRUTH = "none", "truth"


class ModelChoices:
    """Finds and loads these models. For use in the event loop of the cameras."""

    def __init__(self, services: DetectionServices, limits: SourceLimits) -> None:
        self._services = services
        self._limits = limits
        self._loaded: dict[str, Detector] = {}  # by what was loaded; some have ended
        self._turn = asyncio.Lock()  # loading takes memory and a core: one at a time

    @property
    def named(self) -> list[str]:
        """The models that have a name here: those that run, and those that ship."""
        running = dict.fromkeys(each.name for each in self._running)
        shipped = [name for name, path in shipped_models().items() if path.name not in running]
        return [*running, *shipped]

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders whose ONNX files may be used."""
        return self._limits.folders

    def default_of(self, kind: str) -> str:
        """Return the name of the model that a source of this kind gets by default."""
        shared = self._services.shared
        if shared is None or (self._services.only_synthetic and kind != SourceKind.SYNTHETIC):
            return TRUTH if kind == SourceKind.SYNTHETIC else NONE
        return shared.name

    @asynccontextmanager
    async def use(self, model: str, spec: SourceSpec) -> AsyncIterator[Detector | None]:
        """Yield the detector that ``model`` names for a source; '' names the default one: None.

        It is kept running meanwhile; afterwards only if a camera uses it.

        Raises ModelError (also its subclasses) if it cannot be loaded or may not be, and
        InvalidRequestError if it is ``truth`` and the source is not synthetic.
        """
        if not model:
            yield None
            return
        async with self._turn:
            detector = await self._detector(model, spec)
            service = self._services.acquire(detector)
        try:
            yield detector
        finally:
            self._services.release(service)

    async def _detector(self, model: str, spec: SourceSpec) -> Detector:
        if model in (NONE, TRUTH):
            return await self._services.load(model, spec)
        for each in self._running:
            if each.name == model:
                return each
        named = model in shipped_models()
        wanted = model if named else await asyncio.to_thread(self._file, model)
        loaded = self._loaded.get(wanted)
        if loaded is None or not any(each is loaded for each in self._running):
            loaded = self._loaded[wanted] = await self._services.load(wanted)
        return loaded

    @property
    def _running(self) -> list[Detector]:
        return [each for each in self._services.detectors if each.kind != "scripted"]

    def _file(self, text: str) -> str:
        """Return the file that ``text`` names, if it may be loaded; links are followed."""
        spec = ModelSpec.parse(text)
        path = Path(spec.model)
        if path.suffix.lower() != ".onnx" or not self._limits.holds(path):
            where = ", ".join(map(str, self.folders))
            raise ModelError(
                f"the model '{text[:200]}' is not one that may be chosen here",
                hint=f"Choose one of the list{f', or an .onnx file in {where}' if where else ''}. "
                f"Other models are named where the server is started.",
            )
        option = f"#format={spec.format}" if spec.format else ""
        return f"{path.resolve()}{option}"
