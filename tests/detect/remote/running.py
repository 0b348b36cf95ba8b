"""Runs tests in an event loop, makes pictures that give orders, and compares detections."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any, ParamSpec

import numpy as np
import supervision as sv

from streamlab.detect.answer import checked_detections
from streamlab.detect.remote.client import RemoteDetector
from streamlab.detect.remote.limits import DetectorLimits
from streamlab.detect.remote.memory import MemoryKind
from streamlab.detect.remote.process import DetectorProcess
from streamlab.detect.remote.thread import DetectorThread
from streamlab.errors import ModelError
from streamlab.media.picture import Picture
from streamlab.processes.child import StartMethod
from tests.detect.pictures import noise_picture

P = ParamSpec("P")
PATIENCE_S = 60.0
QUICK = DetectorLimits(
    timeout_s=0.4, first_delay_s=0.001, longest_delay_s=0.001, max_memory_bytes=4 << 30
)
PATIENT = DetectorLimits(first_delay_s=0.001, longest_delay_s=0.001, max_memory_bytes=4 << 30)


def in_a_loop(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run an async test in an event loop of its own."""

    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        async def bounded() -> None:
            async with asyncio.timeout(PATIENCE_S):
                await test(*args, **kwargs)

        asyncio.run(bounded())

    return run


@asynccontextmanager
async def running(
    model: str, limits: DetectorLimits = PATIENT, method: StartMethod | None = None
) -> AsyncIterator[DetectorProcess]:
    process = await DetectorProcess.start(model, limits=limits, method=method)
    try:
        yield process
    finally:
        await process.close()


@asynccontextmanager
async def client_of(
    detector: DetectorProcess | DetectorThread,
    memory: MemoryKind | None = None,
    timeout_s: float = PATIENCE_S,
) -> AsyncIterator[RemoteDetector]:
    control = await detector.connect()
    client = RemoteDetector(
        control, detector.name, detector.kind, timeout_s=timeout_s, memory=memory
    )
    try:
        yield client
    finally:
        client.close()


def order_picture(order: int, width: int = 32, height: int = 18) -> Picture:
    """Return a picture whose first pixel tells ``FaultyDetector`` what to do."""
    picture = noise_picture(width, height)
    picture.planes()[0][0, 0] = order
    return picture


async def detect(client: RemoteDetector, *pictures: Picture) -> list[sv.Detections]:
    return await asyncio.to_thread(client.detect, pictures)


async def detect_when_back(client: RemoteDetector, *pictures: Picture) -> list[sv.Detections]:
    """Detect as soon as the detector is there again."""
    while True:
        try:
            return await detect(client, *pictures)
        except ModelError:
            await asyncio.sleep(0.005)


def checked(found: sv.Detections) -> sv.Detections:
    return checked_detections(found, "test", Counter())


def assert_equal(one: Sequence[sv.Detections], other: Sequence[sv.Detections]) -> None:
    """Compare detections as users of a detector see them, with their types."""
    assert len(one) == len(other)
    for mine, theirs in zip(map(checked, one), map(checked, other), strict=True):
        for name in ("xyxy", "confidence", "class_id", "tracker_id", "mask"):
            assert_same_array(getattr(mine, name), getattr(theirs, name))
        assert mine.data.keys() == theirs.data.keys()
        for key, value in mine.data.items():
            assert_same_array(value, theirs.data[key])
        assert mine.metadata == theirs.metadata


def assert_same_array(mine: Any, theirs: Any) -> None:
    assert (mine is None) == (theirs is None)
    if mine is not None:
        assert np.asarray(mine).dtype == np.asarray(theirs).dtype
        np.testing.assert_array_equal(np.asarray(mine), np.asarray(theirs))
