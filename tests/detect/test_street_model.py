"""The model that ships is what its card says, and the recipe's own rules hold."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import supervision as sv
from benchmarks.street_model import card, data, evaluate
from benchmarks.street_model.matching import Tally, tally_picture

import streamlab.detect
from streamlab.detect.letterbox import fit
from streamlab.detect.onnx import OnnxDetector
from streamlab.street.scene import Street, TruthBox

MODELS = Path(streamlab.detect.__file__).parent / "models"
MODEL = MODELS / "street.onnx"
MOST_BYTES = 4_000_000
# Other processors and versions of ONNX Runtime round differently; objects are few hundred.
TOLERANCE = 0.01


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((MODELS / "street.json").read_text())
    return loaded


def test_the_card_says_what_the_figures_say(figures: dict[str, Any]) -> None:
    assert (MODELS / "street.md").read_text() == card.card_text(figures)


def test_the_figures_are_of_this_file(figures: dict[str, Any]) -> None:
    content = MODEL.read_bytes()
    assert hashlib.sha256(content).hexdigest() == figures["model"]["sha256"]
    assert len(content) <= MOST_BYTES


def test_the_model_says_what_it_takes_and_names() -> None:
    about = OnnxDetector(MODEL).card
    assert about.input_size == data.INPUT_SIZE
    assert about.max_batch is None
    assert tuple((about.names or {}).values()) == Street.CLASS_NAMES


def test_no_seed_is_both_trained_on_and_held_out(figures: dict[str, Any]) -> None:
    assert max(evaluate.HELD_OUT_SEEDS) < data.FIRST_TRAINING_SEED
    assert figures["held_out"]["last_seed"] < figures["training"]["first_seed"]


def test_the_model_finds_what_its_card_says(figures: dict[str, Any]) -> None:
    measured = evaluate.measure_accuracy(MODEL, evaluate.sample()).figures()
    short = {
        name: (measured[name], promised)
        for name, promised in figures["sample"].items()
        if measured[name] < promised - TOLERANCE
    }
    assert not short


def test_pictures_in_one_batch_are_judged_as_alone() -> None:
    pictures = [picture for picture, _ in evaluate.held_out([1], 3)]
    detector = OnnxDetector(MODEL)
    together = detector.detect(pictures)
    for picture, found in zip(pictures, together, strict=True):
        [alone] = detector.detect([picture])
        np.testing.assert_allclose(found.xyxy, alone.xyxy, atol=0.1)


def test_a_seed_gives_the_same_pictures_every_time() -> None:
    first, again = (
        [picture.frame.to_ndarray() for picture, _ in data.film(data.plan(7, 2, (320, 180)))]
        for _ in range(2)
    )
    np.testing.assert_array_equal(first, again)


def test_labels_are_shares_of_the_letterboxed_input() -> None:
    # 640x360 scaled by 0.6 into 384x224, 4 px of grey above.
    box = TruthBox(64, 40, 128, 140, "car", 1, 1.0)
    [line] = data.label_lines([box], fit((640, 360), data.INPUT_SIZE))
    class_id, *shares = line.split()
    assert Street.CLASS_NAMES[int(class_id)] == "car"
    expected = [57.6 / 384, 58 / 224, 38.4 / 384, 60 / 224]
    assert [float(share) for share in shares] == pytest.approx(expected, abs=1e-5)


def test_boxes_too_thin_for_the_input_are_not_labelled() -> None:
    thin = TruthBox(10, 100, 15, 140, "person", 1, 0.3)
    assert data.label_lines([thin], fit((640, 360), data.INPUT_SIZE)) == []


def boxes(*xyxy: tuple[float, float, float, float], scores: list[float]) -> sv.Detections:
    return sv.Detections(np.array(xyxy, np.float32), confidence=np.array(scores, np.float32))


def test_a_second_detection_of_one_object_is_a_false_alarm() -> None:
    tally = Tally()
    found = boxes((0, 0, 50, 50), (0, 0, 49, 50), scores=[0.6, 0.9])
    tally_picture(tally, found, boxes((0, 0, 50, 50), scores=[1]), np.array([True]))
    assert tally.scores == pytest.approx([0.9, 0.6])
    assert tally.hits == [True, False]
    assert tally.average_precision() == pytest.approx(1.0)


def test_what_is_too_small_neither_counts_nor_costs() -> None:
    tally = Tally()
    truth = boxes((0, 0, 20, 20), (100, 0, 150, 50), scores=[1, 1])
    found = boxes((0, 0, 20, 20), (200, 0, 210, 10), (300, 0, 350, 50), scores=[0.9, 0.8, 0.7])
    tally_picture(tally, found, truth, np.array([False, True]), larger_than_px=24)
    assert tally.truth_count == 1
    assert tally.hits == [False]
