"""From the name of a model to a detector."""

from __future__ import annotations

from pathlib import Path

from streamlab.detect.detector import Detector
from streamlab.detect.onnx import OnnxDetector
from streamlab.detect.ultralytics import UltralyticsDetector
from streamlab.errors import ModelFormatError

# What ``ultralytics.nn.autobackend`` takes, besides .onnx, which runs here without torch.
_ULTRALYTICS_SUFFIXES = frozenset(
    {".pt", ".yaml", ".yml", ".torchscript", ".engine", ".mlpackage", ".tflite", ".pb", ".mnn"}
)
_ULTRALYTICS_FOLDERS = ("_openvino_model", "_ncnn_model", "_saved_model", "_paddle_model")


def load_detector(
    spec: str | Path, *, confidence: float = 0.25, iou: float = 0.5, threads: int | None = None
) -> Detector:
    """Return the detector for a model: ONNX Runtime for ``.onnx``, else Ultralytics.

    ``threads`` counts for ONNX Runtime only. Raises ModelError and its kinds, with a hint.
    """
    path = Path(spec)
    if path.suffix.lower() == ".onnx":
        return OnnxDetector(path, confidence=confidence, iou=iou, threads=threads)
    if path.suffix.lower() in _ULTRALYTICS_SUFFIXES or path.name.endswith(_ULTRALYTICS_FOLDERS):
        return UltralyticsDetector(spec, confidence=confidence, iou=iou)
    raise ModelFormatError(
        f"'{spec}' is not the name of a model",
        hint="Use an .onnx file that Ultralytics exported, or .pt weights or a .yaml of a model.",
    )
