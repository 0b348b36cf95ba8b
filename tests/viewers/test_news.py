"""What a camera's threads hand over, and whether it wakes the event loop."""

from __future__ import annotations

import asyncio

import pytest

from streamlab.camera import DetectionTimed
from streamlab.viewers.event_stream import CameraEvent
from tests.viewers.producers import producer_of
from tests.viewers.still_camera import StillCamera


@pytest.mark.parametrize(("lag_ns", "wakes"), [(None, False), (0, True), (5_000_000, True)])
def test_an_answer_wakes_the_loop_and_that_none_comes_does_not(
    lag_ns: int | None, wakes: bool
) -> None:
    async def scenario() -> list[CameraEvent]:
        camera = StillCamera()
        events = camera.events()
        producer_of(camera).hand_over([DetectionTimed("annotated", 0, lag_ns)])
        for _ in range(3):
            await asyncio.sleep(0)
        producer_of(camera)._handover.close()
        return events.take()

    assert bool(asyncio.run(scenario())) is wakes
