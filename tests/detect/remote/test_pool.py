"""One process for each distinct model and options, for as long as anybody uses it."""

from __future__ import annotations

import asyncio

import pytest

from streamlab.detect.detector import LoadOptions
from streamlab.detect.load import Recipe
from streamlab.detect.remote.pool import DetectorPool
from streamlab.detect.remote.process import DetectorProcess
from streamlab.errors import ModelFormatError
from tests.detect.pictures import noise_picture

from .running import PATIENT, client_of, detect, in_a_loop


def of(model: str, options: LoadOptions | None = None) -> Recipe:
    return Recipe(model, options or LoadOptions())


@in_a_loop
async def test_equal_models_share_a_process_until_the_last_use() -> None:
    pool = DetectorPool(PATIENT)
    one, same = await asyncio.gather(pool.acquire(of("faulty:a")), pool.acquire(of("faulty:a")))
    other = await pool.acquire(of("faulty:a", LoadOptions(confidence=0.9)))
    assert isinstance(one, DetectorProcess)
    assert isinstance(other, DetectorProcess)
    assert one is same
    assert one.pid != other.pid
    assert {process.pid for process in pool.processes} == {one.pid, other.pid}
    async with client_of(one) as client:
        await pool.release(one)
        await detect(client, noise_picture(32, 18))
    await pool.release(same)
    await pool.release(same)  # once too often
    assert (one.state, one.pid) == ("stopped", None)
    assert other.state == "running"
    again = await pool.acquire(of("faulty:a"))
    assert isinstance(again, DetectorProcess)
    assert again is not one
    await pool.close()
    assert {again.state, other.state} == {"stopped"}
    assert not pool.processes


@in_a_loop
async def test_a_model_that_is_refused_is_tried_again_by_the_next_use() -> None:
    pool = DetectorPool(PATIENT)
    for _ in range(2):
        uses = (pool.acquire(of("faulty:refuse")), pool.acquire(of("faulty:refuse")))
        for error in await asyncio.gather(*uses, return_exceptions=True):
            assert isinstance(error, ModelFormatError)
        assert not pool.processes
    await pool.close()


@in_a_loop
async def test_who_gives_up_waiting_keeps_nobody_else_from_it() -> None:
    pool = DetectorPool(PATIENT)
    impatient = asyncio.create_task(pool.acquire(of("faulty")))
    patient = asyncio.create_task(pool.acquire(of("faulty")))
    await asyncio.sleep(0)
    impatient.cancel()
    process = await patient
    with pytest.raises(asyncio.CancelledError):
        await impatient
    await pool.release(process)
    assert not pool.processes
    alone = asyncio.create_task(pool.acquire(of("faulty:hang")))
    await asyncio.sleep(0.01)
    alone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await alone
    assert not pool.processes
    await pool.close()
