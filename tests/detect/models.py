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
    output_count: int = 1,
) -> Path:
    """Write a model that gives ``output`` whatever it is shown."""
    names = [f"output{number}" for number in range(output_count)]
    nodes = [helper.make_node("Identity", ["value"], [name]) for name in names]
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, output.shape) for name in names
    ]
    inputs = [helper.make_tensor_value_info("images", input_type, shape)]
    return _write(
        path, nodes, {"value": output}, inputs, outputs, metadata() if entries is None else entries
    )


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
