"""From the name of a model to a detector."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple, cast

from streamlab.detect.detector import Detector
from streamlab.detect.onnx import OnnxDetector
from streamlab.detect.onnx_output import FORMATS, Format
from streamlab.detect.providers import find_provider
from streamlab.detect.shipped import shipped_models
from streamlab.detect.ultralytics import UltralyticsDetector
from streamlab.errors import ModelError, ModelFormatError

# What ``ultralytics.nn.autobackend`` takes, besides .onnx, which runs here without torch.
_ULTRALYTICS_SUFFIXES = frozenset(
    {".pt", ".yaml", ".yml", ".torchscript", ".engine", ".mlpackage", ".tflite", ".pb", ".mnn"}
)
_MAX_SPEC_CHARS = 4096  # PATH_MAX of Linux
_OPTION = re.compile(r"(?P<model>.*)#(?P<key>[a-z_]{1,20})=(?P<value>[^#]*)", re.DOTALL)
_ULTRALYTICS_FOLDERS = ("_openvino_model", "_ncnn_model", "_saved_model", "_paddle_model")


class ModelSpec(NamedTuple):
    """A model as a person names it."""

    model: str
    """A shipped model's name, or a file."""
    format: Format | None = None
    """What it is said to be; None leaves that to the evidence."""

    @classmethod
    def parse(cls, text: str) -> ModelSpec:
        """Read ``MODEL`` or ``MODEL#format=FORMAT``.

        A file that exists under the whole text is that file, and a ``#`` that no ``key=value``
        follows belongs to the name. Raises ModelFormatError for another key or format.
        """
        if len(text) > _MAX_SPEC_CHARS or "\0" in text:
            raise ModelFormatError("the name of a model is too long or holds a NUL character")
        match = _OPTION.fullmatch(text)
        if match is None or os.path.exists(text):  # noqa: PTH110  # never raises, however long a name is
            return cls(text)
        if match["key"] != "format" or match["value"] not in FORMATS:
            raise ModelFormatError(
                f"'{text}' has an option that is not known: {match['key']}={match['value']}",
                hint=f"After the file's name may stand #format= and {', '.join(FORMATS)}.",
            )
        return cls(match["model"], cast(Format, match["value"]))


def load_detector(
    spec: str | Path,
    *,
    confidence: float = 0.25,
    iou: float = 0.5,
    threads: int | None = None,
    provider: str | None = None,
) -> Detector:
    """Return the detector for a model: ONNX Runtime for ``.onnx``, else Ultralytics.

    A bare name is that of a shipped model; ``#format=`` may follow, see ``ModelSpec.parse``.
    ``threads`` and ``provider`` (a name of ``providers.PROVIDERS``) count for ONNX Runtime only.
    Raises ModelError and its kinds, with a hint.
    """
    shipped = shipped_models()
    name, wanted = ModelSpec.parse(str(spec))
    path = shipped.get(name, Path(name))
    if path.suffix.lower() == ".onnx":
        providers = None if provider is None else find_provider(provider, threads=threads)
        return OnnxDetector(
            path,
            confidence=confidence,
            iou=iou,
            threads=threads,
            providers=providers,
            format=wanted,
        )
    if path.suffix.lower() in _ULTRALYTICS_SUFFIXES or path.name.endswith(_ULTRALYTICS_FOLDERS):
        if provider is not None or wanted is not None:
            kind, value = ("provider", provider) if wanted is None else ("format", wanted)
            raise ModelError(
                f"'{name}' runs in Ultralytics, which has no {kind} '{value}'",
                hint=f"Export it with `yolo export format=onnx`, or leave the {kind} out.",
            )
        return UltralyticsDetector(name, confidence=confidence, iou=iou)
    raise ModelFormatError(
        f"'{spec}' is not the name of a model",
        hint=f"Use {', '.join(shipped)}, an .onnx file, or .pt weights or a .yaml of a model of "
        "Ultralytics.",
    )
