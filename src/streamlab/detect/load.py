"""From the name of a model to a detector."""

from __future__ import annotations

from pathlib import Path

from streamlab.detect.detector import Detector
from streamlab.detect.onnx import OnnxDetector
from streamlab.detect.providers import find_provider
from streamlab.detect.shipped import shipped_models
from streamlab.detect.ultralytics import UltralyticsDetector
from streamlab.errors import ModelError, ModelFormatError

# What ``ultralytics.nn.autobackend`` takes, besides .onnx, which runs here without torch.
_ULTRALYTICS_SUFFIXES = frozenset(
    {".pt", ".yaml", ".yml", ".torchscript", ".engine", ".mlpackage", ".tflite", ".pb", ".mnn"}
)
_ULTRALYTICS_FOLDERS = ("_openvino_model", "_ncnn_model", "_saved_model", "_paddle_model")


def load_detector(
    spec: str | Path,
    *,
    confidence: float = 0.25,
    iou: float = 0.5,
    threads: int | None = None,
    provider: str | None = None,
) -> Detector:
    """Return the detector for a model: ONNX Runtime for ``.onnx``, else Ultralytics.

    A bare name is that of a shipped model. ``threads`` and ``provider`` (a name of
    ``providers.PROVIDERS``) count for ONNX Runtime only. Raises ModelError and its kinds, with
    a hint.
    """
    shipped = shipped_models()
    path = shipped.get(str(spec), Path(spec))
    if path.suffix.lower() == ".onnx":
        providers = None if provider is None else find_provider(provider, threads=threads)
        return OnnxDetector(
            path, confidence=confidence, iou=iou, threads=threads, providers=providers
        )
    if path.suffix.lower() in _ULTRALYTICS_SUFFIXES or path.name.endswith(_ULTRALYTICS_FOLDERS):
        if provider is not None:
            raise ModelError(
                f"'{spec}' runs in Ultralytics, which has no provider '{provider}'",
                hint="Export it with `yolo export format=onnx`, or leave the provider out.",
            )
        return UltralyticsDetector(spec, confidence=confidence, iou=iou)
    raise ModelFormatError(
        f"'{spec}' is not the name of a model",
        hint=f"Use {', '.join(shipped)}, an .onnx file that Ultralytics exported, or .pt weights "
        "or a .yaml of a model.",
    )
