from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from streamlab.detect.load import load_detector
from streamlab.detect.onnx import OnnxDetector
from streamlab.detect.shipped import DEFAULT_MODEL, shipped_models
from streamlab.errors import ModelError, ModelFormatError, ModelNotFoundError

from .models import bright_spot_model

HAS_ULTRALYTICS = importlib.util.find_spec("ultralytics") is not None


def test_an_onnx_file_runs_without_ultralytics(tmp_path: Path) -> None:
    path = bright_spot_model(tmp_path / "spot.ONNX")
    assert load_detector(path).kind == "onnx"
    assert load_detector(str(path), confidence=0.5, iou=0.4, threads=1).name == "spot.ONNX"


def test_a_missing_onnx_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError):
        load_detector(tmp_path / "missing.onnx")


def test_shipped_models_go_by_their_names() -> None:
    assert DEFAULT_MODEL in shipped_models()
    for name, path in shipped_models().items():
        assert load_detector(name, threads=1).name == path.name


@pytest.mark.parametrize("spec", ["", "yolo", "model.txt", "video.mp4", "/"])
def test_what_is_no_model_is_refused(spec: str) -> None:
    with pytest.raises(ModelFormatError, match="not the name of a model") as caught:
        load_detector(spec)
    assert ".onnx" in caught.value.hint
    assert DEFAULT_MODEL in caught.value.hint


def test_only_onnx_models_have_a_provider(tmp_path: Path) -> None:
    detector = load_detector(bright_spot_model(tmp_path / "spot.onnx"), provider="cpu")
    assert isinstance(detector, OnnxDetector)
    assert detector.provider == "CPUExecutionProvider"
    with pytest.raises(ModelError, match="runs in Ultralytics") as caught:
        load_detector(tmp_path / "weights.pt", provider="cpu")
    assert "format=onnx" in caught.value.hint


@pytest.mark.skipif(HAS_ULTRALYTICS, reason="Ultralytics is installed")
def test_weights_without_ultralytics_say_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="needs Ultralytics") as caught:
        load_detector(tmp_path / "weights.pt")
    assert "torch first, then `pip install 'streamlab-vision[yolo]'`" in caught.value.hint


@pytest.mark.skipif(not HAS_ULTRALYTICS, reason="Ultralytics is not installed")
def test_missing_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError):
        load_detector(tmp_path / "weights.pt")
