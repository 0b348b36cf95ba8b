"""Who may see which channels of a camera that redacts, on virtual time."""

from __future__ import annotations

import asyncio

import pytest

from streamlab.core.access import CameraAccess
from streamlab.core.channels import ANNOTATED, RAW, View
from streamlab.detect.draw import BoxRenderer
from streamlab.detect.redact import Blur, Pixelate
from streamlab.errors import RedactedError, SwitchTimeoutError
from streamlab.settings import Settings
from streamlab.viewers import ChannelSubscriptionManager, StreamChannelManager
from tests.viewers.still_camera import StillCamera
from tests.viewers.virtual import VirtualTime

OTHER = "plain"
REDACTED = CameraAccess(unredacted=())


async def redacted_camera() -> tuple[StillCamera, ChannelSubscriptionManager]:
    """Return a camera whose channel `annotated` is redacted, and `raw` and `plain` are not."""
    camera = StillCamera(annotated=(ANNOTATED, OTHER))
    camera.change(renderer=Pixelate())
    return camera, ChannelSubscriptionManager(StreamChannelManager(Settings()))


def test_only_the_redacted_channel_is_for_all() -> None:
    async def scenario() -> None:
        camera, viewers = await redacted_camera()
        for channels in ([RAW], [OTHER], [RAW, ANNOTATED], [ANNOTATED, OTHER]):
            with pytest.raises(RedactedError, match="is redacted"):
                viewers.open(camera, channels, access=REDACTED)
            viewers.open(camera, channels)
        allowed = viewers.open(camera, [ANNOTATED], access=REDACTED)
        for channel in (RAW, OTHER):
            with pytest.raises(RedactedError):
                camera.subscribe(allowed, channel)
            with pytest.raises(RedactedError):
                await viewers.switch(camera, allowed, View(channel))
        camera.subscribe_detections(allowed, wanted=True)
        assert allowed.channels == (ANNOTATED,)

    VirtualTime().run(scenario)


def test_a_reserved_connection_gives_no_right_to_who_claims_it() -> None:
    async def scenario() -> None:
        camera, viewers = await redacted_camera()
        reserved = viewers.reserve(camera)
        camera.subscribe(reserved, RAW)
        with pytest.raises(RedactedError):
            viewers.claim(camera, reserved.connection_id, access=REDACTED)
        camera.unsubscribe(reserved, RAW)
        claimed = viewers.claim(camera, reserved.connection_id, access=REDACTED)
        with pytest.raises(RedactedError):
            camera.subscribe(claimed, RAW)

    VirtualTime().run(scenario)


def test_a_camera_that_begins_to_redact_ends_what_is_no_longer_allowed() -> None:
    async def scenario() -> None:
        camera = StillCamera(annotated=(ANNOTATED, OTHER))
        viewers = ChannelSubscriptionManager(StreamChannelManager(Settings()))
        without = viewers.open(camera, [RAW, ANNOTATED, OTHER], access=REDACTED)
        pending = viewers.open(camera, [ANNOTATED], access=REDACTED)
        with_right = viewers.open(camera, [RAW, ANNOTATED])
        await camera.capture(3)
        ring = camera.running.stream.rings[with_right.encodings[1]]
        assert len(ring)
        switch = asyncio.create_task(
            camera.switch(pending, View(RAW), "high", timeout_s=10.0)  # no keyframe yet
        )
        await camera.news()
        camera.change(renderer=Blur())
        assert not len(ring), "drawn by a renderer that does not redact"
        with pytest.raises(SwitchTimeoutError):
            await switch
        assert without.channels == (ANNOTATED,)
        assert pending.channels == (ANNOTATED,)
        assert with_right.channels == (RAW, ANNOTATED)
        camera.change(renderer=BoxRenderer())
        camera.subscribe(without, RAW)

    VirtualTime().run(scenario)


def test_another_channel_that_stops_redacting_is_withheld_as_well() -> None:
    async def scenario() -> None:
        camera, viewers = await redacted_camera()
        camera.change(renderer=Blur(), channel=OTHER)
        viewer = viewers.open(camera, [ANNOTATED, OTHER], access=REDACTED)
        camera.change(renderer=BoxRenderer(), channel=OTHER)
        assert viewer.channels == (ANNOTATED,)

    VirtualTime().run(scenario)


def test_status_says_that_a_renderer_redacts() -> None:
    async def scenario() -> None:
        camera, _ = await redacted_camera()
        health = {channel.name: channel.members() for channel in camera.status().channels}
        assert health[ANNOTATED]["renderer"] == {
            "name": "pixelate",
            "state": "ok",
            "detail": "",
            "redacts": True,
        }
        assert "redacts" not in health[OTHER]["renderer"]  # type: ignore[operator]
        assert "renderer" not in health[RAW]

    VirtualTime().run(scenario)
