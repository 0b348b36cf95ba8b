"""Tiny ONNX models with the shapes and metadata of Ultralytics' exports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Shape = Sequence[int | str]
BRIGHT = 0.7
"""What ``bright_spot_model`` finds; the grey of a letterbox is 0.447."""


def metadata(**changes: str | None) -> dict[str, str]:
    """Return the metadata of a detection model; None leaves an entry out."""
    entries: dict[str, str | None] = {
        "task": "detect",
        "names": "{0: 'person', 1: 'car'}",
        "imgsz": "[64, 64]",
        "stride": "32",
        "end2end": "False",
    }
    entries.update(changes)
    return {key: value for key, value in entries.items() if value is not None}


def bright_spot_model(
    path: Path,
    shape: Shape = (1, 3, 64, 64),
    *,
    half: bool = False,
    entries: Mapping[str, str] | None = None,
) -> Path:
    """Write an end-to-end model ``[batch, 1, 6]``: one box round all bright pixels, class 1."""
    node = helper.make_node
    nodes = [
        node("Cast", ["images"], ["x"], to=TensorProto.FLOAT),
        node("ReduceMin", ["x", "axis_1"], ["darkest"], keepdims=0),
        node("Greater", ["darkest", "threshold"], ["mask"]),
        node("Cast", ["mask"], ["bright"], to=TensorProto.FLOAT),
        node("ReduceMax", ["bright", "axis_1"], ["columns"], keepdims=0),
        node("ReduceMax", ["bright", "axis_2"], ["rows"], keepdims=0),
        node("ReduceMax", ["rows", "axis_1"], ["score"], keepdims=1),
        node("ArgMax", ["columns"], ["x1"], axis=1, keepdims=1),
        node("ArgMax", ["rows"], ["y1"], axis=1, keepdims=1),
        node("ArgMax", ["columns"], ["last_x"], axis=1, keepdims=1, select_last_index=1),
        node("ArgMax", ["rows"], ["last_y"], axis=1, keepdims=1, select_last_index=1),
        node("Add", ["last_x", "one"], ["x2"]),
        node("Add", ["last_y", "one"], ["y2"]),
        node("Concat", ["x1", "y1", "x2", "y2"], ["corners"], axis=1),
        node("Cast", ["corners"], ["box"], to=TensorProto.FLOAT),
        node("Concat", ["box", "score", "score"], ["row"], axis=1),
        node("Unsqueeze", ["row", "axis_1"], ["output0"]),
    ]
    constants: dict[str, NDArray[np.generic]] = {
        "axis_1": np.array([1], np.int64),
        "axis_2": np.array([2], np.int64),
        "one": np.array([1], np.int64),
        "threshold": np.array(BRIGHT, np.float32),
    }
    kind = TensorProto.FLOAT16 if half else TensorProto.FLOAT
    inputs = [helper.make_tensor_value_info("images", kind, shape)]
    outputs = [helper.make_tensor_value_info("output0", TensorProto.FLOAT, (shape[0], 1, 6))]
    return _write(path, nodes, constants, inputs, outputs, entries or metadata())


def constant_model(
    path: Path,
    output: NDArray[np.float32],
    *,
    entries: Mapping[str, str] | None = None,
    shape: Shape = (1, 3, 64, 64),
    input_type: int = TensorProto.FLOAT,
    more: Sequence[NDArray[np.float32]] = (),
) -> Path:
    """Write a model that gives ``output``, and ``more`` beside it, whatever it is shown."""
    values = {f"output{number}": value for number, value in enumerate((output, *more))}
    nodes = [helper.make_node("Identity", [f"{name}_value"], [name]) for name in values]
    outputs = [_float(name, value.shape) for name, value in values.items()]
    inputs = [helper.make_tensor_value_info("images", input_type, shape)]
    constants = {f"{name}_value": value for name, value in values.items()}
    return _write(
        path, nodes, constants, inputs, outputs, metadata() if entries is None else entries
    )


def named_outputs_model(
    path: Path,
    shares: NDArray[np.float32],
    scores: Sequence[Sequence[float]],
    labels: Sequence[Sequence[int]],
) -> Path:
    """Write a model with the inputs and outputs of RT-DETR's own exporter.

    ``shares`` ``(1, n, 4)`` are boxes as shares of the size that the model is given.
    """
    node = helper.make_node
    nodes = [
        node("Cast", ["orig_target_sizes"], ["size"], to=TensorProto.FLOAT),
        node("Concat", ["size", "size"], ["sizes"], axis=1),
        node("Unsqueeze", ["sizes", "axis_1"], ["scale"]),
        node("Mul", ["shares", "scale"], ["boxes"]),
        node("Identity", ["scores_value"], ["scores"]),
        node("Identity", ["labels_value"], ["labels"]),
    ]
    constants: dict[str, NDArray[np.generic]] = {
        "shares": shares,
        "axis_1": np.array([1], np.int64),
        "scores_value": np.array(scores, np.float32),
        "labels_value": np.array(labels, np.int64),
    }
    count = shares.shape[1]
    inputs = [
        _float("images", (1, 3, 64, 64)),
        helper.make_tensor_value_info("orig_target_sizes", TensorProto.INT64, (1, 2)),
    ]
    outputs = [
        helper.make_tensor_value_info("labels", TensorProto.INT64, (1, count)),
        _float("boxes", (1, count, 4)),
        _float("scores", (1, count)),
    ]
    return _write(path, nodes, constants, inputs, outputs, {})


def scored_by_first_channel_model(path: Path, output: NDArray[np.float32]) -> Path:
    """Write a model whose scores are full when the first channel is 255 everywhere."""
    boxes, scores = output.copy(), output / 255
    boxes[..., 4:], scores[..., :4] = 0, 0
    node = helper.make_node
    nodes = [
        node("Gather", ["images", "channel"], ["first"], axis=1),
        node("ReduceMean", ["first", "axes"], ["mean"], keepdims=1),
        node("Mul", ["scores", "mean"], ["scored"]),
        node("Add", ["boxes", "scored"], ["output0"]),
    ]
    constants: dict[str, NDArray[np.generic]] = {
        "channel": np.array(0, np.int64),
        "axes": np.array([1, 2], np.int64),
        "boxes": boxes,
        "scores": scores,
    }
    return _write(
        path,
        nodes,
        constants,
        [_float("images", (1, 3, 64, 64))],
        [_float("output0", output.shape)],
        {},
    )


def _float(name: str, shape: Shape) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def _write(
    path: Path,
    nodes: Sequence[onnx.NodeProto],
    constants: Mapping[str, NDArray[np.generic]],
    inputs: Sequence[onnx.ValueInfoProto],
    outputs: Sequence[onnx.ValueInfoProto],
    entries: Mapping[str, str],
) -> Path:
    tensors = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(list(nodes), "tiny", list(inputs), list(outputs), tensors)
    model = helper.make_model(
        graph, ir_version=10, opset_imports=[helper.make_operatorsetid("", 18)]
    )
    helper.set_model_props(model, dict(entries))
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path
