from __future__ import annotations

import importlib.util
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.detect.load import load_detector, needs_process
from streamlab.detect.model_spec import ModelSpec
from streamlab.detect.onnx import OnnxDetector
from streamlab.detect.shipped import DEFAULT_MODEL, shipped_models
from streamlab.errors import (
    InvalidRequestError,
    ModelError,
    ModelFormatError,
    ModelNotFoundError,
)
from streamlab.media.spec import SourceSpec

from .models import bright_spot_model

HAS_ULTRALYTICS = importlib.util.find_spec("ultralytics") is not None


def test_an_onnx_file_runs_without_ultralytics(tmp_path: Path) -> None:
    path = bright_spot_model(tmp_path / "spot.ONNX")
    assert load_detector(path).kind == "onnx"
    assert load_detector(str(path), confidence=0.5, iou=0.4, threads=1).name == "spot.ONNX"


def test_a_missing_onnx_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError):
        load_detector(tmp_path / "missing.onnx")


def test_only_models_need_a_process() -> None:
    assert needs_process("street")
    assert needs_process(Path("any.pt"))
    assert not needs_process("truth")
    assert not needs_process("none")
    with pytest.raises(ModelFormatError):
        needs_process("yolo")


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


def test_a_kind_of_detector_may_be_named(tmp_path: Path) -> None:
    path = bright_spot_model(tmp_path / "spot.model")
    assert load_detector(f"onnx:{path}#format=end2end").name == "spot.model"
    with pytest.raises(ModelNotFoundError):
        load_detector(f"onnx:{tmp_path / 'missing'}")
    assert load_detector("none").kind == "scripted"


def test_the_truth_is_known_of_a_synthetic_camera_only() -> None:
    street = SourceSpec.parse("synthetic://traffic?width=160&height=90")
    assert load_detector("truth", source=street).name == "ground truth"
    for source, shown in ((SourceSpec.parse("door.mp4"), "door.mp4"), (None, "several cameras")):
        with pytest.raises(InvalidRequestError, match=f"{shown} has no ground truth"):
            load_detector("truth", source=source)


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("street", ("street", None)),
        ("a.onnx#format=yolov5", ("a.onnx", "yolov5")),
        ("a#b.onnx", ("a#b.onnx", None)),
        ("a#b.onnx#format=rtdetr", ("a#b.onnx", "rtdetr")),
        ("a#1=2.onnx", ("a#1=2.onnx", None)),
        ("#format=yolox-decoded", ("", "yolox-decoded")),
        ("x" * 4000, ("x" * 4000, None)),
    ],
)
def test_a_format_follows_the_name(text: str, spec: tuple[str, str | None]) -> None:
    assert ModelSpec.parse(text) == spec


@pytest.mark.parametrize("option", ["format=yolov9", "format=", "size=640", "format=yolov5 "])
def test_options_that_nobody_knows_are_refused(option: str) -> None:
    with pytest.raises(ModelFormatError, match="option that is not known") as caught:
        ModelSpec.parse(f"a.onnx#{option}")
    assert "yolov5, yolov8, yolox, yolox-decoded, end2end, rtdetr" in caught.value.hint


@given(st.text())
def test_any_text_is_a_model_or_refused(text: str) -> None:
    with suppress(ModelFormatError):
        assert text.startswith(ModelSpec.parse(text).model)
    for unusable in ("x" * 5000, "a\0b"):
        with pytest.raises(ModelFormatError):
            ModelSpec.parse(unusable)


def test_a_file_that_is_called_so_is_that_file(tmp_path: Path) -> None:
    path = bright_spot_model(tmp_path / "a#format=yolov5")
    assert ModelSpec.parse(str(path)) == (str(path), None)
    named = bright_spot_model(tmp_path / "cam #1.onnx")
    assert load_detector(named).name == "cam #1.onnx"
    assert load_detector(f"{named}#format=end2end").name == "cam #1.onnx"


def test_only_onnx_models_have_a_format(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="has no format 'yolov5'"):
        load_detector(f"{tmp_path / 'weights.pt'}#format=yolov5")
    assert load_detector(f"{DEFAULT_MODEL}#format=end2end").kind == "onnx"


@pytest.mark.skipif(HAS_ULTRALYTICS, reason="Ultralytics is installed")
def test_weights_without_ultralytics_say_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="needs Ultralytics") as caught:
        load_detector(tmp_path / "weights.pt")
    assert "torch first, then `pip install 'streamlab-vision[yolo]'`" in caught.value.hint


@pytest.mark.skipif(not HAS_ULTRALYTICS, reason="Ultralytics is not installed")
def test_missing_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError):
        load_detector(tmp_path / "weights.pt")
