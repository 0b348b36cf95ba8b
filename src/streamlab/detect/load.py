"""Loads a detector by the name of a model or of a kind of detector."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, TypeAlias
from weakref import WeakKeyDictionary

from streamlab.detect.detector import Detector, LoadOptions
from streamlab.detect.model_spec import MAX_SPEC_CHARS, ModelSpec
from streamlab.detect.shipped import shipped_models
from streamlab.errors import ModelError, ModelFormatError
from streamlab.media.spec import SourceSpec
from streamlab.plugins import Registry

# Each is called with what follows ``name:``.
DETECTORS: Registry[[str, LoadOptions], Detector] = Registry(
    "detector", ModelError, ("name", "kind", "detect", "close")
)
# What ``ultralytics.nn.autobackend`` loads, except .onnx, which runs here without torch.
_ULTRALYTICS_SUFFIXES = frozenset(
    {".pt", ".yaml", ".yml", ".torchscript", ".engine", ".mlpackage", ".tflite", ".pb", ".mnn"}
)
_ULTRALYTICS_FOLDERS = ("_openvino_model", "_ncnn_model", "_saved_model", "_paddle_model")
_SCRIPTED = ("truth", "none")
_NAMED = re.compile(r"([a-z][a-z0-9_-]+)(?::(.*))?", re.DOTALL)  # one letter is a Windows drive


def load_detector(
    model: str | Path,
    *,
    confidence: float = 0.25,
    iou: float = 0.5,
    threads: int | None = None,
    provider: str | None = None,
    source: SourceSpec | None = None,
) -> Detector:
    """Load the detector for a model.

    The other arguments are those of ``LoadOptions``.

    Args:
        model: a shipped model's name, a file (ONNX Runtime for ``.onnx``, else Ultralytics;
            ``#format=`` may follow, see ``ModelSpec.parse``), ``truth``, ``none``, or
            ``name:argument`` with a name from ``DETECTORS``.
        source: ``truth`` needs a synthetic camera here.

    Raises:
        ModelError: the model cannot be loaded; often a subclass, with a hint.
        InvalidRequestError: ``truth`` was requested without a synthetic ``source``.
    """
    return Recipe(str(model), LoadOptions(confidence, iou, threads, provider, source)).load()


class Recipe(NamedTuple):
    """What a detector is loaded from, as a value: another process can load the same one."""

    model: str
    options: LoadOptions

    def load(self) -> Detector:
        """Load the detector. Raises as ``load_detector`` does."""
        kind, argument = _kind_and_argument(self.model)
        detector = DETECTORS.make(kind, argument, self.options)
        _RECIPES[detector] = self.without_camera()
        return detector

    def without_camera(self) -> Recipe:
        """Return a recipe that is equal for all cameras if one detector can serve them.

        Raises ModelFormatError if ``model`` is not the name of one.
        """
        kind, _ = _kind_and_argument(self.model)
        is_for_any = kind in ("onnx", "ultralytics")
        return self._replace(options=replace(self.options, source=None)) if is_for_any else self


@dataclass(frozen=True, eq=False)
class LocalDetector:
    """A detector that exists in this process only, such as a user's function. Equal by identity."""

    detector: Detector

    def load(self) -> Detector:
        """Return the detector."""
        return self.detector

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LocalDetector) and other.detector is self.detector

    def __hash__(self) -> int:
        return id(self.detector)


Origin: TypeAlias = Recipe | LocalDetector
"""What a detector is loaded from."""
LoadDetector: TypeAlias = Callable[[Origin], Awaitable[Detector]]
"""Loads a detector where the detectors of a server run."""


async def load_here(origin: Origin) -> Detector:
    """Load a detector in this process, in another thread. Raises as ``load_detector`` does."""
    return await asyncio.to_thread(origin.load)


_RECIPES: WeakKeyDictionary[Detector, Recipe] = WeakKeyDictionary()


def recipe_of(detector: Detector) -> Recipe | None:
    """Return what a detector was loaded from; None if it was not loaded by name."""
    return _RECIPES.get(detector)


def needs_process(model: str | Path) -> bool:
    """Return False for ``truth`` and ``none``, which run no model: they belong beside the camera.

    Raises ModelFormatError if the text is not the name of a model.
    """
    kind, _ = _kind_and_argument(str(model))
    return kind not in _SCRIPTED


def _kind_and_argument(text: str) -> tuple[str, str]:
    named = _NAMED.fullmatch(text[:MAX_SPEC_CHARS])
    is_file = ":" in text and os.path.exists(text)  # noqa: PTH110  # never raises
    if named and named[1] in DETECTORS and not is_file and len(text) <= MAX_SPEC_CHARS:
        return named[1], named[2] or ""
    path = ModelSpec.parse(text).path
    if path.suffix.lower() == ".onnx":
        return "onnx", text
    if path.suffix.lower() in _ULTRALYTICS_SUFFIXES or path.name.endswith(_ULTRALYTICS_FOLDERS):
        return "ultralytics", text
    added = [f"{name}:ARGUMENT" for name in DETECTORS.names if not DETECTORS.is_own(name)]
    raise ModelFormatError(
        f"'{text}' is not the name of a model",
        hint=f"Use {', '.join(shipped_models())}, an .onnx file, or .pt weights or a .yaml of a "
        f"model of Ultralytics{''.join(f', or {each} of a package' for each in added)}.",
    )
