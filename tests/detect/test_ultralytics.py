from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streamlab.detect.classes import class_names
from streamlab.detect.detector import Detector
from streamlab.detect.onnx import OnnxDetector
from streamlab.detect.ultralytics import UltralyticsDetector
from streamlab.errors import ModelFormatError, ModelNotFoundError
from streamlab.lab.choices import as_origin
from streamlab.media.spec import SourceSpec

from .models import Shape, bright_spot_model, metadata
from .pictures import noise_picture, spot_picture

os.environ.setdefault("YOLO_OFFLINE", "true")
ultralytics = pytest.importorskip("ultralytics", reason="Ultralytics is not installed")

# What Ultralytics and torch warn of while they load and export is not ours to mend.
pytestmark = pytest.mark.filterwarnings("ignore")
LOWEST = 1e-9  # an untrained model is sure of nothing


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Untrained YOLO26 weights, normalised to one picture so that scores differ."""
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "yolo26n.pt"
    model: Any = ultralytics.YOLO("yolo26n.yaml")
    for layer in model.model.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = None  # take the statistics as they come
    rgb = torch.from_numpy(noise_picture(320, 320).rgb()).float() / 255
    model.model.train()
    model.model(rgb.permute(2, 0, 1)[None])
    model.model.eval()
    model.save(path)
    return path


def test_a_model_built_from_its_yaml_answers_for_each_picture() -> None:
    detector = UltralyticsDetector("yolo26n.yaml", confidence=LOWEST, input_px=320)
    first, second = detector.detect([noise_picture(320, 180), noise_picture(640, 360, seed=1)])
    assert len(first) == len(second) == 300
    assert first.xyxy.dtype == np.float32
    assert first.xyxy.min() >= 0
    assert (first.xyxy.max(axis=0) <= (320, 180, 320, 180)).all()
    assert (detector.name, detector.kind) == ("yolo26n.yaml", "ultralytics")
    assert detector.detect([]) == []
    detector.close()


@pytest.mark.parametrize("dynamic", [False, pytest.param(True, marks=pytest.mark.long)])
def test_its_end_to_end_export_answers_the_same(weights: Path, dynamic: bool) -> None:
    model: Any = ultralytics.YOLO(weights)
    exported = model.export(format="onnx", imgsz=320, nms=False, dynamic=dynamic, simplify=False)
    picture = noise_picture(320, 320)
    direct = UltralyticsDetector(weights, confidence=LOWEST, input_px=320).detect([picture])[0]
    by_onnx = OnnxDetector(exported, confidence=LOWEST).detect([picture])[0]
    assert direct.confidence is not None
    assert by_onnx.confidence is not None
    np.testing.assert_allclose(by_onnx.confidence[:4], direct.confidence[:4], rtol=0.01)
    np.testing.assert_allclose(by_onnx.xyxy[:4], direct.xyxy[:4], atol=0.5)
    assert class_names(by_onnx)[:4] == class_names(direct)[:4]


@pytest.mark.parametrize("way", ["by its file", "as YOLO(...)"])
@pytest.mark.parametrize(
    "shape",
    [(1, 3, 64, 64), (2, 3, 64, 64), ("batch", 3, 64, 64), ("batch", 3, "height", "width")],
    ids=str,
)
def test_an_export_gets_the_number_and_size_of_pictures_it_takes(
    tmp_path: Path, shape: Shape, way: str
) -> None:
    batch = shape[0] if isinstance(shape[0], int) else 1
    entries = metadata(end2end="True", batch=str(batch))
    path = bright_spot_model(tmp_path / "spot.onnx", shape, entries=entries)
    if way == "by its file":
        detector: Detector = UltralyticsDetector(path)
    else:
        model = ultralytics.YOLO(path, task="detect")
        detector = as_origin(model, SourceSpec.parse("door.mp4")).load()
    boxes = [(8, 8, 24, 24), (4, 4, 12, 60), (20, 30, 40, 50)]
    pictures = [spot_picture(64, 64, box) for box in boxes]
    for _ in range(2):
        found = detector.detect(pictures)
        for one, box in zip(found, boxes, strict=True):
            np.testing.assert_allclose(one.xyxy, [box], atol=1)


def test_a_model_of_another_task_is_refused() -> None:
    with pytest.raises(ModelFormatError, match="for 'segment'"):
        UltralyticsDetector("yolo26n-seg.yaml")


def test_files_that_are_no_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError):
        UltralyticsDetector(tmp_path / "missing.pt")
    (tmp_path / "bad.pt").write_bytes(b"no weights")
    with pytest.raises(ModelFormatError, match="cannot load"):
        UltralyticsDetector(tmp_path / "bad.pt")
