"""Detectors in real processes: they answer as here, and are replaced when they die or hang."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from streamlab.detect.load import load_detector
from streamlab.detect.remote.limits import DetectorLimits
from streamlab.detect.remote.memory import MemoryKind
from streamlab.detect.remote.process import DetectorProcess
from streamlab.errors import ModelError, ModelFormatError, ModelNotFoundError
from streamlab.processes.child import StartMethod
from tests.detect.models import bright_spot_model
from tests.detect.pictures import noise_picture, spot_picture
from tests.fakes import detector_orders
from tests.fakes.detectors import FaultyDetector

from .running import (
    PATIENT,
    QUICK,
    assert_equal,
    client_of,
    detect,
    detect_when_back,
    in_a_loop,
    order_picture,
    running,
)


def state_of(process: DetectorProcess) -> str:
    return process.state


@pytest.mark.parametrize("memory", ["memfd", "named"])
@pytest.mark.parametrize("method", ["forkserver", "spawn"])
@in_a_loop
async def test_a_process_answers_as_the_detector_does_here(
    method: StartMethod, memory: MemoryKind, tmp_path: Path
) -> None:
    model = str(bright_spot_model(tmp_path / "spot.onnx"))
    pictures = [spot_picture(320, 180, (32, 18, 64, 36)), spot_picture(98, 66, (4, 4, 60, 40))]
    pictures += [noise_picture(640, 360)] * 7
    here = load_detector(model)
    async with running(model, method=method) as process, client_of(process, memory) as client:
        assert (process.name, process.kind) == (here.name, here.kind)
        assert (process.state, process.detail, process.clients) == ("running", "", 1)
        found = await detect(client, *pictures)
        assert_equal(found, here.detect(pictures))
        assert any(len(each) for each in found)
        assert await detect(client) == []


@pytest.mark.parametrize("memory", ["memfd", "named"])
@in_a_loop
async def test_pixels_and_everything_that_is_found_arrive(memory: MemoryKind) -> None:
    sizes = [(320, 180), (98, 66), (640, 360), (2, 2), (34, 18), (1920, 1080)]
    async with running("faulty") as process, client_of(process, memory) as client:
        for width, height in sizes:
            picture = noise_picture(width, height, seed=width)
            assert_equal(await detect(client, picture), FaultyDetector().detect([picture]))


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ("RAISE", "ValueError: cannot see"),
        ("REFUSE", "the model is tired"),
        ("ALLOCATE", "MemoryError"),
    ],
)
@in_a_loop
async def test_errors_of_the_model_come_back(order: str, words: str) -> None:
    async with running("faulty") as process, client_of(process) as client:
        with pytest.raises(ModelError, match=words) as caught:
            await detect(client, order_picture(getattr(detector_orders, order)))
        assert caught.value.hint == ("Let it rest." if order == "REFUSE" else "")
        assert len(await detect(client, noise_picture(32, 18))) == 1
        assert process.restarts == 0


@pytest.mark.parametrize("order", ["EXIT", "CRASH"])
@in_a_loop
async def test_a_process_that_ends_in_a_batch_is_replaced(order: str) -> None:
    async with running("faulty") as process, client_of(process) as client:
        with pytest.raises(ModelError, match="has ended and is being restarted"):
            await detect(client, order_picture(getattr(detector_orders, order)))
        picture = noise_picture(32, 18)
        assert_equal(await detect_when_back(client, picture), FaultyDetector().detect([picture]))
        assert (process.restarts, process.state) == (1, "running")


@pytest.mark.parametrize("order", ["HANG", "SPIN"])
@in_a_loop
async def test_a_detector_that_hangs_is_replaced(order: str) -> None:
    async with (
        running("faulty", QUICK) as process,
        client_of(process) as client,
        client_of(process) as other,
    ):
        with pytest.raises(ModelError, match="has ended"):
            await detect(client, order_picture(getattr(detector_orders, order)))
        assert await detect_when_back(other, noise_picture(32, 18))
        assert await detect_when_back(client, noise_picture(32, 18))
        assert process.restarts >= 1  # a busy machine may look like a hanging detector, too


@in_a_loop
async def test_a_process_that_is_stopped_is_replaced() -> None:
    async with running("faulty", QUICK) as process, client_of(process) as client:
        await detect(client, noise_picture(32, 18))
        assert process.pid is not None
        os.kill(process.pid, signal.SIGSTOP)
        with pytest.raises(ModelError, match="has ended"):
            await detect(client, noise_picture(32, 18))
        assert await detect_when_back(client, noise_picture(32, 18))


@in_a_loop
async def test_while_it_is_gone_clients_are_told_why_at_once() -> None:
    slow = DetectorLimits(first_delay_s=60.0, longest_delay_s=60.0)
    async with running("faulty", slow) as process, client_of(process) as client:
        await detect(client, noise_picture(32, 18))
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        while state_of(process) == "running":
            await asyncio.sleep(0.005)
        words = r"The process of detector 'faulty' has ended \(it was ended by SIGKILL\)"
        for _ in range(3):
            with pytest.raises(ModelError, match=words):
                await detect(client, noise_picture(32, 18), noise_picture(32, 18))
        assert client.counts["refused"] == 6
        assert state_of(process) == "restarting"
        assert process.pid is None


@in_a_loop
async def test_a_client_waits_no_longer_than_its_timeout() -> None:
    async with running("faulty") as process, client_of(process, timeout_s=0.2) as client:
        await detect(client, noise_picture(32, 18))
        for _ in range(2):
            with pytest.raises(ModelError, match=r"has not answered for 0\.2 s"):
                await detect(client, order_picture(detector_orders.HANG))
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        assert await detect_when_back(client, noise_picture(32, 18))


@in_a_loop
async def test_closing_ends_a_detect_that_waits() -> None:
    async with running("faulty") as process, client_of(process) as client:
        waiting = asyncio.create_task(detect(client, order_picture(detector_orders.HANG)))
        while not client.counts["connections"]:
            await asyncio.sleep(0.005)
        client.close()
        with pytest.raises(ModelError, match="is closed"):
            await waiting
        with pytest.raises(ModelError, match="is closed"):
            await detect(client, noise_picture(32, 18))
        client.close()


@in_a_loop
async def test_a_stopped_detector_is_not_waited_for() -> None:
    async with running("faulty") as process, client_of(process) as client:
        await detect(client, noise_picture(32, 18))
        await process.close()
        assert process.state == "stopped"
        for words in ("has ended|has been stopped", "has been stopped"):
            with pytest.raises(ModelError, match=words):
                await detect(client, noise_picture(32, 18))


@pytest.mark.parametrize(
    ("model", "kind", "words"),
    [
        ("no-such-model.onnx", ModelNotFoundError, "there is no model file 'no-such-model.onnx'"),
        ("faulty:refuse", ModelFormatError, "it is no model"),
        ("faulty:allocate", ModelError, "'faulty' .* MemoryError"),
        ("faulty:exit", ModelError, "'faulty:exit' ended .* 3 times in a row: it exited with"),
        ("faulty:hang", ModelError, r"'faulty:hang' was not loaded within 0\.5 s"),
    ],
)
@in_a_loop
async def test_a_model_that_cannot_be_loaded_is_refused_by_name(
    model: str, kind: type[ModelError], words: str
) -> None:
    limits = DetectorLimits(
        load_timeout_s=0.5 if "hang" in model else 60.0,
        first_delay_s=0.001,
        max_memory_bytes=4 << 30,
    )
    with pytest.raises(kind, match=words) as caught:
        await DetectorProcess.start(model, limits=limits)
    assert caught.value.hint


@in_a_loop
async def test_a_model_that_cannot_be_loaded_again_is_refused_until_it_can(tmp_path: Path) -> None:
    marker = tmp_path / "loads"
    marker.touch()
    model = f"faulty:exit-unless={marker}"
    async with running(model, PATIENT) as process, client_of(process) as client:
        await detect(client, noise_picture(32, 18))
        marker.unlink()
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        while state_of(process) != "refused":
            await asyncio.sleep(0.005)
        with pytest.raises(ModelError, match="ended while the model was loaded, "):
            await detect(client, noise_picture(32, 18))
        marker.touch()
        assert await detect_when_back(client, noise_picture(32, 18))
        assert state_of(process) == "running"
