"""The curve between accuracy and speed: the shipped model at several input sizes.

The network is convolutional, so the same weights take pictures of any size that its stride
divides; only the size written in the file changes.

    python -m benchmarks.street_model.curve
"""

from __future__ import annotations

import ast
import tempfile
from pathlib import Path

import onnx
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.street_model.evaluate import held_out, measure_accuracy, measure_speed
from streamlab.detect.shipped import DEFAULT_MODEL, shipped_models

SIZES = ((160, 288), (192, 320), (224, 384), (256, 448), (288, 512))


def resized(path: Path, height: int, width: int, target: Path) -> Path:
    """Write the model with another input size, px."""
    model = onnx.load(path)
    sides = model.graph.input[0].type.tensor_type.shape.dim
    sides[2].dim_value, sides[3].dim_value = height, width
    for entry in model.metadata_props:
        if entry.key == "imgsz":
            assert isinstance(ast.literal_eval(entry.value), list)
            entry.value = str([height, width])
    onnx.save(model, target)
    return target


def main() -> None:
    """Print a row per size."""
    table = Table("input", "mAP50 >24 px", "recall >24 px", "mAP50", "ms", "best ms", "encode ms")
    with tempfile.TemporaryDirectory() as folder:
        for height, width in track(SIZES, description="measuring", transient=True):
            source = shipped_models()[DEFAULT_MODEL]
            path = resized(source, height, width, Path(folder) / f"{height}.onnx")
            figures = measure_accuracy(path, held_out()).figures()
            speed = measure_speed(path)
            accuracy = [figures[name] for name in ("large_map50", "large_recall", "map50")]
            times = [speed[name] for name in ("detect_ms", "detect_best_ms", "encode_ms")]
            table.add_row(
                f"{height}x{width}",
                *(f"{value:.3f}" for value in accuracy),
                *(f"{value:.1f}" for value in times),
            )
    Console().print(table)


if __name__ == "__main__":
    main()
