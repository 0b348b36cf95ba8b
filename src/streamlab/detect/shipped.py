"""The models shipped with streamlab."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

DEFAULT_MODEL = "street"


def shipped_models() -> dict[str, Path]:
    """Return the model files in the package by name; each has a model card ``<name>.md``."""
    folder = Path(str(resources.files("streamlab.detect"))) / "models"
    return {path.stem: path for path in sorted(folder.glob("*.onnx"))}
