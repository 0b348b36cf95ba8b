"""Makes the shipped model anew: data, training, export, evaluation, card.

Run from the repository's root: ``python -m benchmarks.street_model``. It needs the extra
``yolo``, takes about an hour on two CPU cores or minutes on a GPU, and writes
``src/streamlab/detect/models``. Data that an earlier run has made is used again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
from pathlib import Path
from typing import Any

import onnx

from benchmarks.street_model import card, evaluate
from benchmarks.street_model.data import (
    FIRST_TRAINING_SEED,
    INPUT_SIZE,
    write_data,
    write_descriptions,
)

MODELS = Path(__file__).parents[2] / "src" / "streamlab" / "detect" / "models"
STREETS = 500
FRAMES_PER_STREET = 12


def main() -> None:
    options = _options()
    options.models.mkdir(parents=True, exist_ok=True)
    model = options.models / "street.onnx"
    previous = _previous(options.models / "street.json")
    if not options.evaluate_only:
        previous = {"training": _make(model, options)}
    accuracy = evaluate.measure_accuracy(model, evaluate.held_out())
    figures = {
        "model": _about_model(model),
        "training": previous["training"],
        "held_out": _about_held_out(accuracy.pictures),
        "accuracy": accuracy.figures(),
        "classes": accuracy.class_figures(),
        "sample": evaluate.measure_accuracy(model, evaluate.sample()).figures(),
        "speed": {**evaluate.measure_speed(model), "machine": evaluate.processor()},
    }
    card.write_figures(options.models / "street.json", figures)
    card.draw_curves(options.models / "street.svg", accuracy)
    (options.models / "street.md").write_text(card.card_text(figures))
    print(card.card_text(figures))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.street_model", description=__doc__)
    parser.add_argument(
        "--work", type=Path, default=Path("build/street_model"), help="data, weights"
    )
    parser.add_argument("--models", type=Path, default=MODELS, help="where the model is written")
    parser.add_argument("--device", help="such as cpu or 0; a GPU when there is one")
    parser.add_argument("--evaluate-only", action="store_true", help="measure the model again")
    return parser.parse_args()


def _make(model: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Make data, train and export; return what the card says of the training."""
    # Here, because evaluation needs no torch.
    from benchmarks.street_model import train  # noqa: PLC0415

    data = options.work / "data"
    training_seeds = range(FIRST_TRAINING_SEED, FIRST_TRAINING_SEED + STREETS)
    if not (data / "rare.yaml").exists():
        write_data(data, "val", evaluate.HELD_OUT_SEEDS[:12], 4)
        write_data(data, "train", training_seeds, FRAMES_PER_STREET)
    even, rare = write_descriptions(data)
    device = {"device": options.device}
    weights = train.train(train.FIRST, train.NETWORK, even, options.work, **device)
    weights = train.train(train.LAST, weights, rare, options.work, **device)
    train.export(weights, model)
    return {
        "streets": STREETS,
        "pictures": STREETS * FRAMES_PER_STREET,
        "first_seed": FIRST_TRAINING_SEED,
        "first_epochs": train.FIRST.epochs,
        "last_epochs": train.LAST.epochs,
        "history": f"so made, on {train.device_name(options.device)}",
    }


def _previous(path: Path) -> dict[str, Any]:
    figures: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return figures


def _about_model(path: Path) -> dict[str, Any]:
    graph = onnx.load(path).graph
    return {
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "kilobytes": round(path.stat().st_size / 1000),
        "parameters": sum(math.prod(weights.dims) for weights in graph.initializer),
        "input_width": INPUT_SIZE[0],
        "input_height": INPUT_SIZE[1],
    }


def _about_held_out(pictures: int) -> dict[str, Any]:
    return {
        "pictures": pictures,
        "first_seed": evaluate.HELD_OUT_SEEDS[0],
        "last_seed": evaluate.HELD_OUT_SEEDS[-1],
        "large_px": evaluate.LARGE_PX,
        "confidence": evaluate.DEFAULT_CONFIDENCE,
    }


if __name__ == "__main__":
    main()
