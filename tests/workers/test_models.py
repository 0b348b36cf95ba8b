"""With workers, models are loaded in processes of their own only, whatever the files are."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from benchmarks.measure.server import serve
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from streamlab.bus.worker_processes import WorkerProcesses
from streamlab.core.channels import ANNOTATED
from streamlab.detect.detector import LoadOptions
from streamlab.detect.load import LocalDetector, Recipe, load_detector
from streamlab.detect.remote.limits import DetectorLimits
from streamlab.detect.remote.pool import DetectorPool
from streamlab.detect.remote.pooled import PooledDetector
from streamlab.detect.scripted import ScriptedDetector
from streamlab.errors import ModelError, ModelFormatError, ModelNotFoundError
from streamlab.media.limits import SourceLimits
from streamlab.settings import Settings
from streamlab.viewers import Camera, StreamChannelManager
from streamlab.viewers.model_choices import ModelChoices
from tests.detect.models import bright_spot_model, metadata
from tests.detect.pictures import noise_picture
from tests.detect.remote.test_hostile_models import greedy_model
from tests.security.test_models import FOR_EVER, endless

from .test_worker_processes import STREET, watching
from .watched import in_a_loop

SETTINGS = Settings(encoder_linger=0.0, open_timeout=10, detector_timeout=1.0)
PATIENT = DetectorLimits(timeout_s=30.0, first_delay_s=0.001, max_memory_bytes=2 << 30)
HURRIED = replace(PATIENT, timeout_s=1.0)
LOAD_TIMEOUT_S = 2.0


@asynccontextmanager
async def server(
    folder: Path, limits: DetectorLimits = PATIENT
) -> AsyncIterator[tuple[StreamChannelManager, ModelChoices]]:
    """Run cameras in a worker; models may be chosen from ``folder``."""
    carrier = WorkerProcesses(1, SETTINGS)
    carrier.detectors = DetectorPool(limits)
    carrier._shared = carrier._shared._replace(detectors=carrier.detectors)
    manager = StreamChannelManager(SETTINGS, carrier=carrier)
    try:
        yield manager, ModelChoices(manager.services, SourceLimits((folder.resolve(),)))
    finally:
        await manager.close()


def pool_of(manager: StreamChannelManager) -> DetectorPool:
    assert isinstance(manager.carrier, WorkerProcesses)
    return manager.carrier.detectors


async def add(
    manager: StreamChannelManager, choices: ModelChoices, name: str, model: Path
) -> Camera:
    async with choices.use(str(model), STREET) as detector:
        return await manager.add_camera(name, STREET, detector=detector)


def hanging_model(path: Path) -> Path:
    """Write a model that loops for ever on pictures with the flat border of a letterbox only."""
    info = helper.make_tensor_value_info
    node = helper.make_node
    body = helper.make_graph(
        [node("Identity", ["c"], ["c2"]), node("Identity", ["v"], ["v2"])],
        "body",
        [
            info("i", TensorProto.INT64, []),
            info("c", TensorProto.BOOL, []),
            info("v", TensorProto.FLOAT, None),
        ],
        [info("c2", TensorProto.BOOL, []), info("v2", TensorProto.FLOAT, None)],
    )
    nodes = [
        node("Slice", ["images", "first", "second", "rows"], ["border"]),
        node("ReduceMax", ["border"], ["brightest"], keepdims=0),
        node("ReduceMin", ["border"], ["darkest"], keepdims=0),
        node("Sub", ["brightest", "darkest"], ["range"]),
        node("Less", ["range", "flat"], ["is_flat"]),
        node("Loop", ["times", "is_flat", "range"], ["left"], body=body),
        node("Mul", ["left", "nothing"], ["zero"]),
        node("Add", ["zero", "row"], ["output0"]),
    ]
    constants: dict[str, NDArray[np.generic]] = {
        "first": np.array([0], np.int64),
        "second": np.array([1], np.int64),
        "rows": np.array([2], np.int64),
        "flat": np.array(0.01, np.float32),
        "times": np.array(FOR_EVER, np.int64),
        "nothing": np.array(0, np.float32),
        "row": np.array([[[1, 2, 30, 40, 0.9, 1]]], np.float32),
    }
    graph = helper.make_graph(
        nodes,
        "hanging",
        [info("images", TensorProto.FLOAT, (1, 3, 64, 64))],
        [info("output0", TensorProto.FLOAT, (1, 1, 6))],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    opset = helper.make_operatorsetid("", 18)
    model = helper.make_model(graph, ir_version=10, opset_imports=[opset])
    helper.set_model_props(model, metadata(end2end="True"))
    onnx.save(model, path)
    return path


@in_a_loop
async def test_hostile_models_are_refused_by_name_while_other_cameras_go_on(tmp_path: Path) -> None:
    good = bright_spot_model(tmp_path / "good.onnx")
    async with server(tmp_path) as (manager, choices):
        pool = pool_of(manager)
        camera = await add(manager, choices, "good", good)
        async with watching(camera) as delivered:
            await anext(delivered)
            (process,) = pool.processes
            for path, words, limits in (
                (
                    endless(tmp_path / "endless.onnx"),
                    r"endless\.onnx' was not loaded within 2 s",
                    replace(PATIENT, load_timeout_s=LOAD_TIMEOUT_S),
                ),
                (greedy_model(tmp_path / "greedy.onnx"), r"greedy\.onnx' cannot be run", PATIENT),
            ):
                pool._limits = limits
                refused = asyncio.create_task(add(manager, choices, "bad", path))
                while not refused.done():
                    await anext(delivered)
                with pytest.raises(ModelError, match=words):
                    await refused
                assert pool.processes == [process]
        assert list(manager.names) == ["good"]
        assert process.restarts == 0


@in_a_loop
async def test_errors_are_the_same_as_in_the_server(tmp_path: Path) -> None:
    (tmp_path / "broken.onnx").write_bytes(b"not a model")
    async with server(tmp_path) as (manager, _):
        for model, kind in (
            (str(tmp_path / "broken.onnx"), ModelFormatError),
            (str(tmp_path / "missing.onnx"), ModelNotFoundError),
            ("yolo", ModelFormatError),
        ):
            with pytest.raises(kind) as here:
                load_detector(model)
            with pytest.raises(kind) as there:
                await manager.services.load(model)
            assert type(there.value) is type(here.value)
            assert (there.value.message, there.value.hint) == (here.value.message, here.value.hint)
        assert not pool_of(manager).processes


@in_a_loop
async def test_a_model_that_nobody_uses_ends(tmp_path: Path) -> None:
    good = bright_spot_model(tmp_path / "good.onnx")
    async with server(tmp_path) as (manager, choices):
        pool = pool_of(manager)
        async with choices.use(str(good), STREET) as detector:
            assert isinstance(detector, PooledDetector)
            assert (detector.name, detector.kind) == ("good.onnx", "onnx")
            assert detector.given is detector
            (process,) = pool.processes
            found = await asyncio.to_thread(detector.detect, [noise_picture(64, 36)])
            assert len(found) == 1
        while process.state != "stopped":
            await asyncio.sleep(0.005)
        assert not pool.processes
        given_up = asyncio.create_task(add(manager, choices, "late", endless(tmp_path / "e.onnx")))
        while not pool._entries:
            await asyncio.sleep(0)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        assert not pool._entries


@in_a_loop
async def test_ground_truth_and_what_was_loaded_before_need_no_process(tmp_path: Path) -> None:
    async with server(tmp_path) as (manager, _):
        truth = await manager.carrier.load_detector(Recipe("truth", LoadOptions(source=STREET)))
        assert isinstance(truth, ScriptedDetector)
        assert await manager.carrier.load_detector(LocalDetector(truth)) is truth
        assert not pool_of(manager).processes


@in_a_loop
async def test_a_model_that_hangs_is_failing_until_its_next_process_answers(tmp_path: Path) -> None:
    async with server(tmp_path, HURRIED) as (manager, choices):
        other = await manager.add_camera("other", STREET)
        camera = await add(manager, choices, "hanging", hanging_model(tmp_path / "hanging.onnx"))
        (process,) = pool_of(manager).processes
        async with watching(camera), watching(other) as delivered:
            while not process.restarts:
                await anext(delivered)
            while True:
                channel = next(each for each in camera.status().channels if each.name == ANNOTATED)
                assert channel.detector is not None
                if channel.detector.state == "failing":
                    break
                await anext(delivered)
        assert camera.detector().name == "hanging.onnx"
        status = other.status().channels[-1]
        assert status.detector is not None
        assert status.detector.state == "ok"


@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
def test_a_server_with_workers_has_no_inference_in_it() -> None:
    street = "door=synthetic://traffic?width=160&height=90"
    with serve("--camera", street, "--workers", "1") as running:
        (camera,) = running.get("/cameras")["cameras"]
        assert camera["detector"] == {"name": "street.onnx", "kind": "onnx"}
        assert camera["worker"] == "worker-1"
        mapped = Path(f"/proc/{running.process.pid}/maps").read_text(encoding="utf-8")
        assert "onnxruntime" not in mapped
