"""Cameras that were watched and removed leave nothing in the process."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Sequence

import supervision as sv

from streamlab.core.channels import ChannelType
from streamlab.core.stream.connection import Delivery
from streamlab.detect.detector import Detector, DetectorKind
from streamlab.media.picture import Picture
from streamlab.media.spec import SourceSpec
from streamlab.settings import Settings
from streamlab.viewers import ChannelSubscriptionManager, StreamChannelManager
from tests.leftovers import CAMERA_PARTS, count_new_objects, count_objects

CAMERAS = 30
FRAGMENTS = 3
PARTS = (*CAMERA_PARTS, "DualChannelStream", "Reader", "EventStream")
SERVICE = {"DetectionService": 1}
TRIES = 300
OF_ALL = ("asyncio_", "work-")  # threads of the process, which start when they are first needed


class Nothing:
    """Finds nothing."""

    name = "nothing"
    kind: DetectorKind = "callable"

    def detect(self, pictures: Sequence[Picture]) -> list[sv.Detections]:
        return [sv.Detections.empty() for _ in pictures]

    def close(self) -> None:
        pass


class Cameras:
    """Adds, watches and removes cameras."""

    def __init__(self, detector: Detector | None) -> None:
        self.manager = StreamChannelManager(Settings(), detector)
        self._subscriptions = ChannelSubscriptionManager(self.manager)

    async def come_and_go(self, number: int) -> None:
        """Add a camera, watch it, and remove it before or after its viewer has left."""
        name = f"camera-{number}"
        spec = SourceSpec.parse(f"synthetic://traffic?width=160&height=90&fps=30&seed={number}")
        camera = await self.manager.add_camera(name, spec)
        connection = self._subscriptions.open(camera, ChannelType)
        reader = self._subscriptions.read([(camera, connection)])
        seen: Counter[str] = Counter()
        async for items in reader.item_batches():
            seen.update(
                each.entry.fragment.key.channel for _, each in items if isinstance(each, Delivery)
            )
            if len(seen) == 2 and min(seen.values()) >= FRAGMENTS:
                break
        if number % 2:
            reader.close()
        await self.manager.remove_camera(name)
        if not number % 2:
            reader.close()


async def left_since(before: dict[str, int], wanted: dict[str, int]) -> dict[str, int]:
    """Return what is new, once it is ``wanted`` or after some time; threads may be ending."""
    for _ in range(TRIES):
        if (left := count_new_objects(before, PARTS)) == wanted:
            break
        await asyncio.sleep(0.05)
    return left


def test_cameras_with_their_own_detectors_leave_nothing() -> None:
    before = count_objects(PARTS)

    async def scenario() -> None:
        cameras = Cameras(None)
        await cameras.come_and_go(0)
        threads = {each.name for each in threading.enumerate()}
        for number in range(1, CAMERAS):
            await cameras.come_and_go(number)
        assert await left_since(before, {}) == {}
        new = {each.name for each in threading.enumerate()} - threads
        assert {name for name in new if not name.startswith(OF_ALL)} == set()
        await cameras.manager.close()

    asyncio.run(scenario())


def test_a_shared_detector_that_is_idle_keeps_no_camera() -> None:
    before = count_objects(PARTS)

    async def scenario() -> None:
        cameras = Cameras(Nothing())
        for number in range(3):
            await cameras.come_and_go(number)
        assert await left_since(before, SERVICE) == SERVICE
        await cameras.manager.close()

    asyncio.run(scenario())
    assert count_new_objects(before, PARTS) == {}
