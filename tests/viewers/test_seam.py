"""What crosses the seam between a camera and its viewers."""

from __future__ import annotations

import asyncio

from streamlab.camera import DetectionTimed
from streamlab.core.channels import ChannelType
from streamlab.core.sync.policy import SyncPolicy
from streamlab.core.time.timebase import NS_PER_MS
from tests.viewers.producers import producer_of
from tests.viewers.still_camera import StillCamera
from tests.viewers.virtual import VirtualTime

LAG_NS = 10 * NS_PER_MS


def test_a_pipeline_hears_how_long_its_frames_wait_for_boxes() -> None:
    async def scenario() -> None:
        camera = StillCamera(sync_policy=SyncPolicy.HYBRID)
        before = dict(camera.still.box_deadlines_ns)
        producer_of(camera).hand_over([DetectionTimed("annotated", 0, LAG_NS)])
        await camera.news()
        assert camera.still.box_deadlines_ns != before

    VirtualTime().run(scenario)


def test_what_nobody_wants_is_not_waited_for_when_it_is_wanted_again() -> None:
    async def scenario() -> None:
        camera = StillCamera(sync_policy=SyncPolicy.HYBRID, encoder_linger=0.0)
        camera.join("viewer", list(ChannelType), {})
        await camera.capture(3)
        camera.leave("viewer")
        await asyncio.sleep(1.0)
        assert camera.still.encoders.wanted == frozenset()
        camera.join("viewer", list(ChannelType), {})
        await camera.capture(3)
        released = camera.stream_status().channel_counts
        assert {name: each.released for name, each in released.items()} == {
            "raw": 6,
            "annotated": 6,
        }

    VirtualTime().run(scenario)
