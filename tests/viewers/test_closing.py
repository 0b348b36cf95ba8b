"""Closing all cameras: what still works is waited for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import supervision as sv

from streamlab.core.channels import ChannelType
from streamlab.detect.detector import DetectorKind
from streamlab.media.picture import Picture
from streamlab.media.spec import SourceSpec
from streamlab.settings import Settings
from streamlab.viewers import ChannelSubscriptionManager, StreamChannelManager

SPEC = SourceSpec.parse("synthetic://traffic?width=320&height=180&fps=30")
TIMEOUT_S = 60.0


class Held:
    """A detector that is at work until it is let go."""

    name = "held"
    kind: DetectorKind = "callable"

    def __init__(self) -> None:
        self.inside, self.gate = threading.Event(), threading.Event()
        self.closed = False

    def detect(self, pictures: Sequence[Picture]) -> list[sv.Detections]:
        self.inside.set()
        self.gate.wait(TIMEOUT_S)
        return [sv.Detections.empty() for _ in pictures]

    def close(self) -> None:
        self.closed = True


def test_a_batch_in_hand_is_waited_for() -> None:
    detector = Held()

    async def scenario() -> None:
        manager = StreamChannelManager(Settings(), detector)
        camera = await manager.add_camera("street", SPEC)
        ChannelSubscriptionManager(manager).open(camera, list(ChannelType))
        await asyncio.to_thread(detector.inside.wait, TIMEOUT_S)
        asyncio.get_running_loop().call_later(0.1, detector.gate.set)
        await manager.close()

    asyncio.run(scenario())
    assert detector.closed
