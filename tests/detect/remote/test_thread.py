"""A user's function serves clients from this process, behind the same protocol."""

from __future__ import annotations

import asyncio
import threading

import numpy as np
import pytest
import supervision as sv
from numpy.typing import NDArray

from streamlab.camera import DetectionService
from streamlab.camera.detection import DetectionClient
from streamlab.camera.frame import CapturedFrame
from streamlab.detect.function import CallableDetector
from streamlab.detect.remote.client import RemoteDetector
from streamlab.detect.remote.thread import DetectorThread
from streamlab.errors import ModelError
from tests.detect.pictures import noise_picture

from .running import PATIENCE_S, assert_equal, client_of, detect, in_a_loop


def brightest(pixels: NDArray[np.uint8]) -> sv.Detections:
    """Find the brightest pixel; a picture of 2 px is too small, and one of 4 px no answer."""
    if pixels.shape[0] == 2:
        raise ValueError("too small")
    if pixels.shape[0] == 4:
        return None  # type: ignore[return-value]
    row, column = np.unravel_index(pixels.sum(axis=2).argmax(), pixels.shape[:2])
    return sv.Detections(np.array([[column, row, column + 1, row + 1]], np.float32))


@in_a_loop
async def test_a_function_answers_clients_elsewhere() -> None:
    detector = CallableDetector(brightest)
    thread = DetectorThread(detector)
    assert (thread.name, thread.kind) == ("brightest", "callable")
    async with client_of(thread) as one, client_of(thread, "named") as other:
        pictures = [noise_picture(64, 36, seed) for seed in range(3)]
        assert_equal(await detect(one, *pictures), detector.detect(pictures))
        assert_equal(await detect(other, *pictures), detector.detect(pictures))
        with pytest.raises(ModelError, match="ValueError: too small"):
            await detect(one, noise_picture(2, 2))
        with pytest.raises(ModelError, match="returned NoneType") as caught:
            await detect(one, noise_picture(4, 4))
        assert "Return one sv.Detections" in caught.value.hint
        assert thread.clients == 2
        assert thread.counts["failed"] == 2
    await thread.close()


@in_a_loop
async def test_a_function_that_hangs_keeps_its_clients_no_longer_than_they_wait() -> None:
    goes_on = threading.Event()

    def wait(pixels: NDArray[np.uint8]) -> sv.Detections:
        goes_on.wait(PATIENCE_S)
        return sv.Detections.empty()

    thread = DetectorThread(CallableDetector(wait))
    async with client_of(thread, timeout_s=0.1) as client:
        for _ in range(3):
            with pytest.raises(ModelError, match=r"has not answered for 0\.1 s"):
                await detect(client, noise_picture(32, 18))
        goes_on.set()
        while True:
            try:
                assert await detect(client, noise_picture(32, 18)) == [sv.Detections.empty()]
                break
            except ModelError:
                await asyncio.sleep(0.005)
        assert client.counts["connections"] == 1
    await thread.close()


@in_a_loop
async def test_a_thread_that_is_closed_closes_its_detector_and_clients() -> None:
    class Closing(CallableDetector):
        closed = False

        def close(self) -> None:
            self.closed = True
            raise ValueError("not today")

    detector = Closing(brightest)
    thread = DetectorThread(detector)
    async with client_of(thread) as client:
        await detect(client, noise_picture(32, 18))
        await thread.close()
        assert detector.closed
        with pytest.raises(ModelError, match=r"has been stopped|has ended"):
            await detect(client, noise_picture(32, 18))
        with pytest.raises(ModelError, match="has been stopped"):
            await detect(client, noise_picture(32, 18))


@in_a_loop
async def test_a_detection_service_uses_it_like_any_detector() -> None:
    thread = DetectorThread(CallableDetector(brightest))
    client = RemoteDetector(await thread.connect(), thread.name, thread.kind)
    service = DetectionService(client)
    service.start()
    found: asyncio.Queue[tuple[int, object]] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def receive(pts: int, answer: object = None) -> None:
        loop.call_soon_threadsafe(found.put_nowait, (pts, answer))

    camera = DetectionClient(receive, receive)
    for size, pts in ((32, 9000), (2, 18000)):
        picture = noise_picture(size, size)
        picture.pts = pts
        service.offer(camera, CapturedFrame(picture, 1, False, pts, 0.0))
        answered, answer = await found.get()
        assert answered == pts
        assert isinstance(answer, sv.Detections) == (size == 32)
    assert service.health.last_error == "ModelError: ValueError: too small"
    service.stop()
    await asyncio.to_thread(service.join, PATIENCE_S)
    await thread.close()
