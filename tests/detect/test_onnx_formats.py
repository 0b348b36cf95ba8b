"""Exports of each kind, with constructed outputs: read right, or refused with the way out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from streamlab.detect.classes import class_names
from streamlab.detect.load import load_detector
from streamlab.detect.onnx import OnnxDetector
from streamlab.errors import ModelFormatError

from .models import (
    constant_model,
    metadata,
    named_outputs_model,
    scored_by_first_channel_model,
)
from .pictures import colour_picture, grey_picture, real_data

Floats: TypeAlias = NDArray[np.float32]
SIDE = 64
CELLS = 84  # 8x8, 4x4 and 2x2
BOX = (8.0, 16.0, 24.0, 40.0)
"""Where each of these models sees one object of the last class, px of a 64x64 picture."""
CENTRE_SIZE = (16.0, 28.0, 16.0, 24.0)
YOLOV5_ENTRIES = {"stride": "32", "names": "{0: 'person', 1: 'car'}"}
NOISE = np.random.default_rng(0)


def names(count: int) -> str:
    return str({number: f"kind {number}" for number in range(count)})


def grid(classes: int) -> Floats:
    """YOLOv8 and later: ``(4 + classes, cells)``."""
    output = px_boxes(CELLS).T
    output = np.vstack([output, NOISE.uniform(0, 0.01, (classes, CELLS))])
    output[:4, 3], output[-1, 3] = CENTRE_SIZE, 0.9
    return output.astype(np.float32)


def with_objectness(classes: int, rows: int, objectness: float = 0.95) -> Floats:
    """YOLOv5: ``(rows, 5 + classes)``."""
    output = np.hstack([px_boxes(rows), NOISE.uniform(0, 0.01, (rows, 1 + classes))])
    output[3, :4], output[3, 4], output[3, -1] = CENTRE_SIZE, objectness, 0.9
    return output.astype(np.float32)


def yolov6(classes: int) -> Floats:
    """YOLOv6: a row for each cell, with an objectness of 1."""
    output = with_objectness(classes, CELLS)
    output[:, 4] = 1
    return output


def yolox_raw(classes: int) -> Floats:
    """YOLOX as its exporter gives it: offsets in cells and logarithms of sizes."""
    output = NOISE.normal(0, 0.5, (CELLS, 5 + classes))
    output[:, 4:] = NOISE.uniform(0, 0.01, (CELLS, 1 + classes))
    cell = 8 + 1  # the second cell of the second row of the 8x8 grid, stride 8
    output[cell, :2] = CENTRE_SIZE[0] / 8 - 1, CENTRE_SIZE[1] / 8 - 1
    output[cell, 2:4] = np.log(np.array(CENTRE_SIZE[2:]) / 8)
    output[cell, 4], output[cell, -1] = 0.95, 0.9
    return output.astype(np.float32)


def end_to_end(class_id: int, rows: int = 300) -> Floats:
    output = np.zeros((rows, 6), np.float32)
    output[0] = (*BOX, 0.9, class_id)
    return output


def rtdetr_best(class_id: int) -> Floats:
    output = np.hstack([NOISE.uniform(0, 1, (300, 4)), np.full((300, 2), 0.01)])
    output[:, 5] = 0
    output[0] = (*np.array(CENTRE_SIZE) / SIDE, 0.9, class_id)
    return output.astype(np.float32)


def rtdetr_scores(classes: int) -> Floats:
    output = np.hstack([NOISE.uniform(0, 1, (300, 4)), NOISE.uniform(0, 0.01, (300, classes))])
    output[7, :4], output[7, -1] = np.array(CENTRE_SIZE) / SIDE, 0.9
    return output.astype(np.float32)


def px_boxes(count: int) -> NDArray[np.float64]:
    return np.hstack([NOISE.uniform(0, SIDE, (count, 2)), NOISE.uniform(1, SIDE, (count, 2))])


Kind: TypeAlias = tuple[str, Floats, dict[str, str | None], str, str]
"""What it is, its output, what its metadata say, how it is read, the class it finds."""


def kinds_of(count: int) -> list[Kind]:
    """Return models of so many classes."""
    last = f"kind {count - 1}"
    some: dict[str, str | None] = {"names": names(count)}
    other = {**some, "task": None}
    few = count % 70  # not more fields than boxes
    return [
        ("yolov8", grid(count), some, "yolov8", last),
        ("yolov8 task only", grid(few), {"names": None}, "yolov8", f"class {few - 1}"),
        ("yolov5", with_objectness(count, 3 * CELLS), other, "yolov5", last),
        ("yolov5 with a task", with_objectness(count, 3 * CELLS), some, "yolov5", last),
        ("yolov6", yolov6(count), other, "yolov5", last),
        ("yolox", yolox_raw(count), other, "yolox", last),
        ("yolox decoded", with_objectness(count, CELLS), other, "yolox-decoded", last),
        ("end to end", end_to_end(count - 1), {**some, "end2end": "True"}, "end2end", last),
        ("nms", end_to_end(count - 1), {**some, "args": "{'nms': True}"}, "end2end", last),
        ("nms, not said", end_to_end(count - 1), some, "end2end", last),
        ("rtdetr 8.4", rtdetr_best(count - 1), {**some, "head": "RTDETRDecoder"}, "rtdetr-best",
         last),
        ("rtdetr 8.3", rtdetr_scores(count), {**some, "description": "Ultralytics rtdetr-l model"},
         "rtdetr-scores", last),
        ("rtdetr by its values", rtdetr_scores(count), other, "rtdetr-scores", last),
    ]  # fmt: skip


NOTHING: dict[str, str | None] = {"names": None, "task": None}
KINDS: list[Kind] = [
    *(kind for count in (1, 2, 3, 80) for kind in kinds_of(count)),
    ("yolov5 without names", with_objectness(12, 3 * CELLS), NOTHING, "yolov5", "class 11"),
    ("yolox without names", yolox_raw(12), NOTHING, "yolox", "class 11"),
    ("yolov8 without names", grid(12), NOTHING, "yolov8", "class 11"),
    ("end to end without names", end_to_end(11), NOTHING, "end2end", "class 11"),
]


@pytest.mark.parametrize(
    ("kind", "output", "entries", "layout", "last"), KINDS, ids=[f"{k[0]}, {k[4]}" for k in KINDS]
)
def test_each_kind_is_read_right(
    tmp_path: Path,
    kind: str,
    output: Floats,
    entries: Mapping[str, str | None],
    layout: str,
    last: str,
) -> None:
    all_entries = metadata(**{"end2end": None, **entries})
    path = constant_model(tmp_path / "m.onnx", output[None], entries=all_entries)
    detector = OnnxDetector(path)
    assert (kind, detector.reading.layout.name) == (kind, layout)
    assert detector.reading.evidence
    [found] = detector.detect([grey_picture(SIDE, SIDE)])
    np.testing.assert_allclose(found.xyxy, [BOX], atol=0.01)
    assert class_names(found) == [last]


def test_rtdetr_of_its_own_exporter(tmp_path: Path) -> None:
    """It scales boxes to the size it is given, and takes a stretched picture."""
    shares = np.array([[[0.125, 0.25, 0.375, 0.625], [0, 0, 1, 1]]], np.float32)
    path = named_outputs_model(tmp_path / "m.onnx", shares, [[0.9, 0.1]], [[2, 0]])
    detector = load_detector(path)
    for width, height in ((64, 64), (128, 64)):
        [found] = detector.detect([grey_picture(width, height)])
        scale = np.array([width, height] * 2)
        np.testing.assert_allclose(found.xyxy, shares[0, :1] * scale, rtol=1e-5)
        assert class_names(found) == ["class 2"]


@pytest.mark.parametrize(
    ("output", "classes", "choices"),
    [
        (with_objectness(2, 100), 2, ["yolov5", "yolox-decoded"]),
        (np.zeros((3 * CELLS, 85), np.float32), None, ["yolov5", "yolox-decoded"]),
        (np.zeros((84, 8400), np.float32), None, ["yolov8"]),
        (np.full((CELLS, 7), (3, 3, 3, 3, 0, 0, 0), np.float32), 2, ["yolox", "yolox-decoded"]),
        (np.zeros((6, 6), np.float32), 2, ["yolov8", "end2end"]),
    ],
)
def test_what_the_evidence_leaves_open_is_refused_with_the_options(
    tmp_path: Path, output: Floats, classes: int | None, choices: list[str]
) -> None:
    entries = metadata(end2end=None) if classes else {}
    path = constant_model(tmp_path / "m.onnx", output[None], entries=entries)
    with pytest.raises(ModelFormatError) as caught:
        load_detector(path)
    for choice in choices:
        assert f"{path}#format={choice}" in caught.value.hint
        assert load_detector(f"{path}#format={choice}").kind == "onnx"


@pytest.mark.parametrize(
    ("output", "wanted", "layout"),
    [
        (with_objectness(2, 100), "yolov5", "yolov5"),
        (with_objectness(2, 100), "yolox-decoded", "yolox-decoded"),
        (with_objectness(2, 100), "yolox", "yolox-decoded"),
        (yolox_raw(2), "yolov5", "yolov5"),
        (grid(2), "yolov8", "yolov8"),
        (end_to_end(1), "end2end", "end2end"),
        (np.zeros((300, 6), np.float32), "rtdetr", "rtdetr-best"),
        (rtdetr_scores(2), "rtdetr", "rtdetr-scores"),
    ],
)
def test_a_person_has_the_last_word(
    tmp_path: Path, output: Floats, wanted: str, layout: str
) -> None:
    path = constant_model(tmp_path / "m.onnx", output[None], entries={"names": names(2)})
    detector = load_detector(f"{path}#format={wanted}")
    assert isinstance(detector, OnnxDetector)
    assert detector.reading.layout.name == layout
    assert "as asked for" in detector.reading.evidence


@pytest.mark.parametrize(
    ("output", "wanted", "message"),
    [
        (grid(2), "yolov5", "cannot be read as yolov5"),
        (with_objectness(2, 3 * CELLS), "end2end", "cannot be read as end2end"),
        (yolox_raw(2)[:50], "yolox", "cannot be decoded"),
    ],
)
def test_but_not_against_the_shape(
    tmp_path: Path, output: Floats, wanted: str, message: str
) -> None:
    path = constant_model(tmp_path / "m.onnx", output[None], entries={"names": names(2)})
    with pytest.raises(ModelFormatError, match=message) as caught:
        load_detector(f"{path}#format={wanted}")
    assert caught.value.hint


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((1, 4 + 2 + 32, CELLS), "segmentation"),
        ((1, 3 * CELLS, 5 + 2 + 32), "segmentation"),
        ((1, 4 + 2 + 51, CELLS), "neither"),
        ((1, CELLS, 4 + 2), "fits no format"),  # a transposed YOLOv8
        ((1, 100, 7, 1), "neither"),
    ],
)
def test_other_outputs_are_not_read_as_classes(
    tmp_path: Path, shape: tuple[int, ...], message: str
) -> None:
    output = NOISE.uniform(0.001, 0.9, shape).astype(np.float32) * 50
    path = constant_model(tmp_path / "m.onnx", output, entries={"names": names(2)})
    with pytest.raises(ModelFormatError, match=message):
        OnnxDetector(path)


def test_masks_beside_boxes_make_a_model_for_segmentation(tmp_path: Path) -> None:
    masks = np.zeros((1, 32, 16, 16), np.float32)
    path = constant_model(
        tmp_path / "m.onnx", np.zeros((1, 116, CELLS), np.float32), entries={}, more=[masks]
    )
    with pytest.raises(ModelFormatError, match="for segmentation"):
        OnnxDetector(path)


def test_the_grids_beside_an_old_yolov5_do_not_matter(tmp_path: Path) -> None:
    grids = [np.zeros((1, 3, side, side, 7), np.float32) for side in (8, 4, 2)]
    output = with_objectness(2, 3 * CELLS)[None]
    path = constant_model(tmp_path / "m.onnx", output, entries=YOLOV5_ENTRIES, more=grids)
    [found] = OnnxDetector(path).detect([grey_picture(SIDE, SIDE)])
    np.testing.assert_allclose(found.xyxy, [BOX], atol=0.01)


def test_yolox_sees_blue_green_red_up_to_255(tmp_path: Path) -> None:
    path = scored_by_first_channel_model(tmp_path / "m.onnx", yolox_raw(2)[None])
    detector = OnnxDetector(path)
    assert detector.reading.layout.name == "yolox"
    blue, red = (colour_picture(SIDE, SIDE, yuv) for yuv in ((41, 240, 110), (81, 90, 240)))
    assert [len(found) for found in detector.detect([blue, red])] == [1, 0]


def test_the_real_model_says_how_it_is_read() -> None:
    reading = OnnxDetector(real_data("yolov8n_int8.onnx"), threads=1).reading
    assert str(reading).startswith("yolov8: metadata of Ultralytics, 8400 columns are one for each")
