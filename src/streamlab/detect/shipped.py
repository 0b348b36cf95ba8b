"""The models that come with streamlab."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

DEFAULT_MODEL = "street"


def shipped_models() -> dict[str, Path]:
    """Return the model files in the package by name; a card ``<name>.md`` lies beside each."""
    folder = Path(str(resources.files("streamlab.detect"))) / "models"
    return {path.stem: path for path in sorted(folder.glob("*.onnx"))}
