"""A model file is bounded in size, shape and time; code comes by no request."""

from __future__ import annotations

import asyncio
import os
import pickle
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import onnx
import pytest
from onnx import TensorProto, helper

from streamlab.detect import onnx_bounds
from streamlab.detect.load import load_detector
from streamlab.errors import ModelError, ModelFormatError
from streamlab.media.limits import SourceLimits
from streamlab.media.spec import SourcePolicy
from streamlab.server.app import create_app
from streamlab.settings import Settings
from streamlab.viewers import StreamChannelManager

FOR_EVER = 2**63 - 1
PICTURE = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 64, 64])


def write(
    path: Path,
    nodes: Sequence[onnx.NodeProto],
    constants: Sequence[onnx.TensorProto] = (),
    output: onnx.ValueInfoProto | None = None,
) -> Path:
    output = output or helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "g", [PICTURE], [output], list(constants))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(model.SerializeToString())
    return path


def external(location: str) -> onnx.TensorProto:
    tensor = onnx.TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4])
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", location), ("length", "16")):
        tensor.external_data.add(key=key, value=value)
    return tensor


def endless(path: Path) -> Path:
    """Write a model that never answers: a loop over the picture itself."""
    info = helper.make_tensor_value_info
    body = helper.make_graph(
        [helper.make_node("Identity", ["c"], ["c2"]), helper.make_node("Identity", ["v"], ["v2"])],
        "body",
        [
            info("i", TensorProto.INT64, []),
            info("c", TensorProto.BOOL, []),
            info("v", TensorProto.FLOAT, None),
        ],
        [info("c2", TensorProto.BOOL, []), info("v2", TensorProto.FLOAT, None)],
    )
    constants = [
        helper.make_tensor("n", TensorProto.INT64, [], [FOR_EVER]),
        helper.make_tensor("t", TensorProto.BOOL, [], [True]),
    ]
    return write(path, [helper.make_node("Loop", ["n", "t", "x"], ["y"], body=body)], constants)


@pytest.mark.parametrize("way", ["up", "absolute", "down and up", "link", "device"])
@pytest.mark.parametrize("place", ["initializer", "constant"])
def test_data_outside_the_folder_is_refused_by_name(tmp_path: Path, way: str, place: str) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "secret").write_bytes(bytes(64))
    (tmp_path / "models" / "link").symlink_to(tmp_path / "secret")
    location = {
        "up": "../secret",
        "absolute": str(tmp_path / "secret"),
        "down and up": "inner/../../secret",
        "link": "link",
        "device": "/dev/zero",
    }[way]
    if place == "initializer":
        nodes, constants = [helper.make_node("Identity", ["w"], ["y"])], [external(location)]
    else:
        nodes, constants = [helper.make_node("Constant", [], ["y"], value=external(location))], []
    path = write(tmp_path / "models" / "sly.onnx", nodes, constants)
    with pytest.raises(ModelFormatError, match=r"sly\.onnx' refers to data outside its folder"):
        load_detector(path)


def test_a_model_that_never_answers_is_refused_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_bounds, "RUN_TIMEOUT_S", 1.0)
    with pytest.raises(ModelError, match=r"endless\.onnx' gave no answer .* within 1 s"):
        load_detector(endless(tmp_path / "endless.onnx"))
    assert "load-model" not in {thread.name for thread in threading.enumerate()}


def test_what_is_not_cancelled_is_abandoned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_bounds, "GRACE_S", 0.01)
    released, cancelled = threading.Event(), threading.Event()
    try:
        with pytest.raises(ModelError, match=r"'m' could not be loaded within 0\.01 s"):
            onnx_bounds.within(0.01, released.wait, cancelled.set, "'m' could not be loaded")
        assert cancelled.is_set()
    finally:
        released.set()


def test_errors_of_what_is_bounded_are_passed_on() -> None:
    def fail() -> None:
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        onnx_bounds.within(60, fail, lambda: None, "")
    assert onnx_bounds.within(60, lambda: 7, lambda: None, "") == 7


def _declared(path: Path) -> Path:
    shape = helper.make_tensor("s", TensorProto.INT64, [2], [2**20, 2**16])
    return write(path, [helper.make_node("ConstantOfShape", ["s"], ["y"])], [shape])


def _expanded(path: Path) -> Path:
    shape = helper.make_tensor("s", TensorProto.INT64, [4], [100_000, 3, 64, 64])
    return write(path, [helper.make_node("Expand", ["x", "s"], ["y"])], [shape])


def _claimed(path: Path) -> Path:
    claim = onnx.TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[2**40])
    claim.raw_data = bytes(16)
    return write(path, [helper.make_node("Identity", ["w"], ["y"])], [claim])


@pytest.mark.parametrize("made", [_declared, _expanded, _claimed])
def test_a_huge_shape_is_refused_by_name(tmp_path: Path, made: Callable[[Path], Path]) -> None:
    with pytest.raises(ModelFormatError, match=r"huge\.onnx' .*(too much|exceeds)"):
        load_detector(made(tmp_path / "huge.onnx"))


def test_a_file_beyond_the_bound_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.onnx"
    with path.open("wb") as file:
        file.truncate(onnx_bounds.MAX_MODEL_BYTES + 1)
    with pytest.raises(ModelFormatError, match=r"large\.onnx' has \d+ bytes"):
        load_detector(path)


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.onnx")
    with pytest.raises(ModelFormatError, match=r"pipe\.onnx' is not a file"):
        load_detector(tmp_path / "pipe.onnx")


@pytest.mark.parametrize("text", ["XXXX", "names"])
def test_texts_that_are_not_utf8_are_refused_by_name(tmp_path: Path, text: str) -> None:
    node = helper.make_node("Identity", ["x"], ["XXXX"])
    output = helper.make_tensor_value_info("XXXX", TensorProto.FLOAT, [1, 3, 64, 64])
    path = write(tmp_path / "odd.onnx", [node], (), output)
    model = onnx.load(str(path))
    model.metadata_props.add(key="names", value="YYYY")
    wrong = b"XXXX" if text == "XXXX" else b"YYYY"
    path.write_bytes(model.SerializeToString().replace(wrong, b"\xff\xfe\xfd\xfc"))
    with pytest.raises(ModelFormatError, match=r"odd\.onnx' .*UTF-8"):
        load_detector(path)


class Code:
    """A pickle that makes a folder when it is loaded."""

    def __init__(self, marker: Path) -> None:
        self._marker = marker

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self._marker),)


def test_weights_are_never_loaded_by_a_request(tmp_path: Path) -> None:
    marker, weights = tmp_path / "ran", tmp_path / "evil.pt"
    weights.write_bytes(pickle.dumps(Code(marker)))
    channel = {"name": "annotated", "model": str(weights)}
    bodies: list[dict[str, Any]] = [
        {"model": str(weights)},
        {"model": f"ultralytics:{weights}", "detector": str(weights)},
        {"channels": [channel]},
    ]

    async def scenario() -> None:
        manager = StreamChannelManager(Settings())
        app = create_app(
            manager, SourcePolicy(frozenset({"synthetic"}), SourceLimits((tmp_path.resolve(),)))
        )
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            for number, body in enumerate(bodies):
                named = {"camera_id": f"c{number}", "keep": True, **body}
                street = {"source": "synthetic://traffic?width=160&height=90"}
                added = await client.post("/cameras", json={**named, **street})
                assert added.status_code in (202, 422)
                changed = await client.patch(f"/cameras/c{number}", json=body)
                assert changed.status_code in (404, 422)
            assert "model" not in str(app.openapi()["components"]["schemas"]["CameraRequest"])
            added = await client.post(
                "/cameras", json={"camera_id": "pt", "source": str(weights), "keep": False}
            )
            assert added.status_code in (422, 503)
        await manager.close()

    asyncio.run(scenario())
    assert not marker.exists()
    pickle.loads(weights.read_bytes())
    assert marker.exists()
