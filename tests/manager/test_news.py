"""What a camera's threads hand over, and whether it wakes the event loop."""

from __future__ import annotations

import asyncio

import pytest

from streamlab.core.fragment import Fragment
from streamlab.pipeline import DetectionTimed
from streamlab.pipeline.delivery import PipelineEvent
from tests.manager.still_camera import StillCamera


class Noting:
    """Notes what was handed over."""

    def __init__(self) -> None:
        self.items: list[PipelineEvent] = []

    def receive(self, item: PipelineEvent, now_ns: int) -> None:
        self.items.append(item)

    def released(self, fragment: Fragment, now_ns: int) -> None:
        """Nothing is released here."""


@pytest.mark.parametrize(("lag_ns", "wakes"), [(None, False), (0, True), (5_000_000, True)])
def test_an_answer_wakes_the_loop_and_that_none_comes_does_not(
    lag_ns: int | None, wakes: bool
) -> None:
    async def scenario() -> list[PipelineEvent]:
        camera, noting = StillCamera(), Noting()
        camera.observers.add(noting)
        camera._hand_over([DetectionTimed(0, lag_ns)])
        for _ in range(3):
            await asyncio.sleep(0)
        items = list(noting.items)
        camera.handover.close()
        return items

    assert bool(asyncio.run(scenario())) is wakes
