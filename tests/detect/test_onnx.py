from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto

from streamlab.detect.classes import class_names
from streamlab.detect.detector import Detector
from streamlab.detect.onnx import OnnxDetector
from streamlab.errors import ModelError, ModelFormatError, ModelNotFoundError
from streamlab.media.picture import Picture

from .models import Shape, bright_spot_model, constant_model, metadata
from .pictures import grey_picture, real_data, real_pictures, spot_picture

Box = tuple[int, int, int, int]
SPOTS: list[tuple[int, int, Box]] = [
    (128, 72, (16, 8, 48, 40)),
    (72, 128, (24, 64, 56, 120)),
    (64, 64, (4, 4, 12, 60)),
    (32, 24, (8, 4, 20, 20)),
    (640, 360, (500, 20, 620, 340)),
]
GRID = np.zeros((1, 6, 84), np.float32)


def found_boxes(detector: Detector, pictures: list[Picture]) -> list[list[list[float]]]:
    return [detections.xyxy.tolist() for detections in detector.detect(pictures)]


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize(
    "shape",
    [
        (1, 3, 64, 64),
        (2, 3, 64, 64),
        (4, 3, 64, 96),
        ("batch", 3, 64, 64),
        ("batch", 3, "height", "width"),
    ],
    ids=str,
)
def test_every_spot_is_found_in_its_own_picture(tmp_path: Path, shape: Shape, half: bool) -> None:
    detector = OnnxDetector(bright_spot_model(tmp_path / "spot.onnx", shape, half=half))
    pictures = [spot_picture(width, height, box) for width, height, box in SPOTS]
    for detections, (width, height, box) in zip(detector.detect(pictures), SPOTS, strict=True):
        px_per_input_px = max(width, height) / 64
        np.testing.assert_allclose(detections.xyxy, [box], atol=px_per_input_px)
        assert detections.xyxy.dtype == np.float32
        assert class_names(detections) == ["car"]


def test_pictures_without_objects_among_others_keep_their_places(tmp_path: Path) -> None:
    detector = OnnxDetector(bright_spot_model(tmp_path / "spot.onnx", ("batch", 3, 64, 64)))
    spot = spot_picture(64, 64, (8, 8, 24, 24))
    empty = grey_picture(64, 64)
    assert found_boxes(detector, [empty, spot, empty]) == [[], [[8, 8, 24, 24]], []]


def test_no_pictures_give_no_answers(tmp_path: Path) -> None:
    assert OnnxDetector(bright_spot_model(tmp_path / "spot.onnx")).detect([]) == []


def test_pictures_are_not_written_to(tmp_path: Path) -> None:
    picture = spot_picture(128, 72, (16, 8, 48, 40))
    before = [plane.copy() for plane in picture.planes()]
    OnnxDetector(bright_spot_model(tmp_path / "spot.onnx")).detect([picture])
    for plane, copy in zip(picture.planes(), before, strict=True):
        np.testing.assert_array_equal(plane, copy)


def test_the_overlap_that_nms_allows_is_the_callers(tmp_path: Path) -> None:
    grid = GRID.copy()
    grid[0, :, 3] = (32, 32, 20, 20, 0.9, 0)
    grid[0, :, 9] = (36, 32, 20, 20, 0.7, 0)  # IoU 2/3 with the other
    path = constant_model(tmp_path / "grid.onnx", grid)
    picture = grey_picture(64, 64)
    assert found_boxes(OnnxDetector(path), [picture]) == [[[22, 22, 42, 42]]]
    assert len(OnnxDetector(path, iou=0.7).detect([picture])[0]) == 2
    assert len(OnnxDetector(path, iou=0.7, confidence=0.8).detect([picture])[0]) == 1


def test_boxes_that_are_not_finite_are_left_out(tmp_path: Path) -> None:
    rows = np.array([[[np.nan, 8, 24, 24, 0.9, 1], [8, 8, 24, np.inf, 0.9, 1]]], np.float32)
    good = np.array([[[8, 8, 24, 24, 0.9, 1]]], np.float32)
    output = np.concatenate([rows, good], axis=1)
    detector = OnnxDetector(constant_model(tmp_path / "boxes.onnx", output))
    boxes = found_boxes(detector, [grey_picture(64, 64)])[0]
    assert [8, 8, 24, 24] in boxes
    assert np.isfinite(boxes).all()


def test_name_and_kind(tmp_path: Path) -> None:
    detector = OnnxDetector(bright_spot_model(tmp_path / "spot.onnx"))
    assert (detector.name, detector.kind) == ("spot.onnx", "onnx")
    detector.close()


@pytest.mark.parametrize(
    ("output", "entries"),
    [
        (np.array([[[8, 8, 24, 24, 0.9, 1]]], np.float32), metadata(names=None, task=None)),
        (np.array([[[8, 8, 24, 24, 0.9, 1]]], np.float32), {}),
    ],
)
def test_without_names_an_unambiguous_class_is_called_by_its_number(
    tmp_path: Path, output: np.typing.NDArray[np.float32], entries: dict[str, str]
) -> None:
    detector = OnnxDetector(constant_model(tmp_path / "m.onnx", output, entries=entries))
    assert class_names(detector.detect([grey_picture(64, 64)])[0]) == ["class 1"]


def test_a_grid_without_names_counts_when_the_task_is_detection(tmp_path: Path) -> None:
    OnnxDetector(constant_model(tmp_path / "m.onnx", GRID, entries=metadata(names=None)))
    with pytest.raises(ModelFormatError, match="no class names"):
        OnnxDetector(constant_model(tmp_path / "n.onnx", GRID, entries={}))


@pytest.mark.parametrize(
    ("output", "entries", "message"),
    [
        (np.zeros((1, 116, 84), np.float32), metadata(task="segment"), "for 'segment'"),
        (np.zeros((1, 56, 84), np.float32), metadata(task="pose"), "for 'pose'"),
        (np.zeros((1, 300, 7), np.float32), metadata(task="obb"), "for 'obb'"),
        (np.zeros((1, 1000), np.float32), metadata(task="classify"), "for 'classify'"),
        (np.zeros((1, 84, 9), np.float32), metadata(), r"\[batch, 84, 9\] and has 2 class names"),
        (np.zeros((1, 1000), np.float32), metadata(), "neither"),
        (GRID, metadata(names="{0: "), "unreadable metadata: names"),
        (GRID, metadata(names="7"), "unreadable metadata: names"),
        (GRID, metadata(imgsz="[1, 2, 3]"), "unreadable metadata: imgsz"),
        (GRID, metadata(stride="None"), "unreadable metadata: stride"),
    ],
)
def test_other_models_are_refused_by_name(
    tmp_path: Path, output: np.typing.NDArray[np.float32], entries: dict[str, str], message: str
) -> None:
    path = constant_model(tmp_path / "other.onnx", output, entries=entries)
    with pytest.raises(ModelFormatError, match=message) as caught:
        OnnxDetector(path)
    assert str(path) in str(caught.value)
    assert caught.value.hint


def test_other_inputs_and_outputs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelFormatError, match="not pictures"):
        OnnxDetector(constant_model(tmp_path / "grey.onnx", GRID, shape=(1, 1, 64, 64)))
    with pytest.raises(ModelFormatError, match="not pictures"):
        OnnxDetector(constant_model(tmp_path / "flat.onnx", GRID, shape=(1, 3)))
    with pytest.raises(ModelFormatError, match="channels last"):
        OnnxDetector(constant_model(tmp_path / "last.onnx", GRID, shape=(1, 64, 64, 3)))
    with pytest.raises(ModelFormatError, match=r"tensor\(int8\)"):
        OnnxDetector(constant_model(tmp_path / "i8.onnx", GRID, input_type=TensorProto.INT8))
    with pytest.raises(ModelFormatError, match="too much"):
        OnnxDetector(constant_model(tmp_path / "huge.onnx", GRID, shape=(1, 3, 99_999, 99_999)))
    with pytest.raises(ModelFormatError, match="neither"):
        OnnxDetector(constant_model(tmp_path / "two.onnx", GRID, more=[GRID]))


@pytest.mark.parametrize("input_type", [TensorProto.UINT8, TensorProto.DOUBLE])
def test_other_numbers_go_in(tmp_path: Path, input_type: int) -> None:
    grid = GRID.copy()
    grid[0, :, 3] = (32, 32, 20, 20, 0.9, 0)
    path = constant_model(tmp_path / "m.onnx", grid, input_type=input_type)
    assert found_boxes(OnnxDetector(path), [grey_picture(64, 64)]) == [[[22, 22, 42, 42]]]


def test_thousands_of_boxes_become_the_best_300(tmp_path: Path) -> None:
    rows = np.zeros((1, 5000, 6), np.float32)
    rows[0, :, :4] = (8, 8, 24, 24)
    rows[0, :, 4] = np.linspace(0.3, 0.9, 5000)
    detector = OnnxDetector(constant_model(tmp_path / "boxes.onnx", rows))
    [found] = detector.detect([grey_picture(64, 64)])
    assert len(found) == 300
    assert found.confidence is not None
    assert found.confidence.min() > 0.86
    assert detector.counts["boxes_over_limit"] == 4700


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="no model file"):
        OnnxDetector(tmp_path / "missing.onnx")
    with pytest.raises(ModelFormatError, match="is a folder"):
        OnnxDetector(tmp_path)


@pytest.mark.parametrize("content", [b"", b"not a model", b"PK\x03\x04" + bytes(100)])
def test_a_file_that_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelFormatError, match="damaged or not an ONNX model"):
        OnnxDetector(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_truncated_model_is_refused(tmp_path: Path, share: float) -> None:
    path = bright_spot_model(tmp_path / "spot.onnx")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ModelFormatError):
        OnnxDetector(path)


def test_an_unknown_provider_is_refused_with_those_there_are(tmp_path: Path) -> None:
    path = bright_spot_model(tmp_path / "spot.onnx")
    with pytest.raises(ModelError, match="not support WarpDriveExecutionProvider") as caught:
        OnnxDetector(path, providers=["WarpDriveExecutionProvider"])
    assert "CPUExecutionProvider" in caught.value.hint
    OnnxDetector(path, providers=["CPUExecutionProvider"], threads=1)


def test_torch_is_not_imported_and_nothing_is_printed() -> None:
    script = "import sys, streamlab.detect.onnx; sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")


def test_a_real_model_finds_the_people_of_a_real_video() -> None:
    detector = OnnxDetector(real_data("yolov8n_int8.onnx"), threads=1)
    people = 0
    for picture in real_pictures(range(110, 170, 15)):
        detections = detector.detect([picture])[0]
        names = class_names(detections)
        people += names.count("person")
        x1, y1, x2, y2 = detections.xyxy[names.index("person")]
        assert 300 < x1 < x2 < 600
        assert 0 <= y1 < y2 <= 432
    assert people == 4
