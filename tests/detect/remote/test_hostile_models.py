"""Model files that loop for ever or want all memory are refused by name; others go on."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from streamlab.detect.remote.limits import DetectorLimits, default_memory_bytes
from streamlab.detect.remote.process import DetectorProcess
from streamlab.errors import ModelError
from tests.detect.models import bright_spot_model
from tests.detect.pictures import noise_picture
from tests.security.test_models import endless

from .running import client_of, detect, in_a_loop, running

LIMITS = DetectorLimits(load_timeout_s=2.0, first_delay_s=0.001, max_memory_bytes=2 << 30)


def greedy_model(path: Path) -> Path:
    """Write a model that allocates 256 GiB on its first picture."""
    image = helper.make_tensor_value_info("images", TensorProto.FLOAT, (1, 3, 64, 64))
    output = helper.make_tensor_value_info("output0", TensorProto.FLOAT, (1, 1, 6))
    sides = helper.make_tensor("sides", TensorProto.INT64, [3], [1 << 12, 1 << 12, 1 << 12])
    nodes = [
        helper.make_node("ReduceMax", ["images"], ["largest"], keepdims=0),
        helper.make_node("Expand", ["largest", "sides"], ["huge"]),
        helper.make_node("ReduceMax", ["huge"], ["again"], keepdims=0),
        helper.make_node("Expand", ["again", "row"], ["output0"]),
    ]
    row = helper.make_tensor("row", TensorProto.INT64, [3], [1, 1, 6])
    graph = helper.make_graph(nodes, "greedy", [image], [output], [sides, row])
    opset = helper.make_operatorsetid("", 18)
    onnx.save(helper.make_model(graph, ir_version=10, opset_imports=[opset]), path)
    return path


@in_a_loop
async def test_hostile_files_are_refused_while_others_go_on(tmp_path: Path) -> None:
    good = str(bright_spot_model(tmp_path / "good.onnx"))
    async with running(good) as process, client_of(process) as client:
        for path, words in (
            (endless(tmp_path / "endless.onnx"), r"endless\.onnx' was not loaded within 2 s"),
            (greedy_model(tmp_path / "greedy.onnx"), r"greedy\.onnx' cannot be run"),
        ):
            with pytest.raises(ModelError, match=words):
                await DetectorProcess.start(str(path), limits=LIMITS)
            assert len(await detect(client, noise_picture(64, 36))) == 1
        assert process.restarts == 0


def test_a_detector_may_have_half_of_the_memory() -> None:
    assert default_memory_bytes() >= 2 << 30
