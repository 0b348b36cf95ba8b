"""What a connection of a viewer with limited access is sent, on virtual time."""

from __future__ import annotations

import asyncio

import pytest

from streamlab.core.access import CameraAccess
from streamlab.core.channels import ANNOTATED, RAW, View
from streamlab.core.events import ChannelSync, Detections, Sync
from streamlab.core.stream.connection import Connection
from streamlab.errors import InvalidRequestError, NotAllowedError
from streamlab.settings import Settings
from streamlab.viewers import ChannelSubscriptionManager, StreamChannelManager
from tests.viewers.still_camera import StillCamera
from tests.viewers.virtual import VirtualTime

PLATES = "plates"
LIMITED = CameraAccess((ANNOTATED,))
WELL: ChannelSync = {"drift_ms": 0.0, "fresh_fraction": 1.0, "state": "synchronized"}  # type: ignore[typeddict-item]
SYNC = Sync(0, True, 0, "synchronized", "none", 1, 0, 50, {ANNOTATED: WELL, PLATES: WELL})  # type: ignore[arg-type]


def camera_and_viewers() -> tuple[StillCamera, ChannelSubscriptionManager]:
    camera = StillCamera(annotated=(ANNOTATED, PLATES))
    return camera, ChannelSubscriptionManager(StreamChannelManager(Settings()))


def queued(connection: Connection) -> list[object]:
    return [each for each in connection.take({}, {}, 64) if isinstance(each, Sync | Detections)]


def test_only_the_allowed_channel_can_be_had() -> None:
    async def scenario() -> None:
        camera, viewers = camera_and_viewers()
        for channels in ([RAW], [PLATES], [RAW, ANNOTATED], ["none"]):
            with pytest.raises(NotAllowedError):
                viewers.open(camera, channels, access=LIMITED)
        viewer = viewers.open(camera, [ANNOTATED], access=LIMITED)
        for channel in (RAW, PLATES, "none"):
            with pytest.raises(NotAllowedError):
                camera.subscribe(viewer, channel)
            with pytest.raises(NotAllowedError):
                await viewers.switch(camera, viewer, View(channel))
        with pytest.raises(InvalidRequestError) as caught:
            camera.view("annotat", CameraAccess(("annotat*",)))
        assert PLATES not in caught.value.hint
        assert viewer.channels == (ANNOTATED,)

    VirtualTime().run(scenario)


def test_detections_and_sync_are_those_of_allowed_channels() -> None:
    async def scenario() -> None:
        camera, viewers = camera_and_viewers()
        viewer = viewers.open(camera, [ANNOTATED], access=LIMITED)
        camera.subscribe_detections(viewer, wanted=True)
        for channel in (ANNOTATED, PLATES):
            viewer.post_detections(Detections(channel, 0, 0, []))
        viewer.post(SYNC)
        sync, detections = queued(viewer)
        assert isinstance(sync, Sync)
        assert list(sync.channels) == [ANNOTATED]
        assert isinstance(detections, Detections)
        assert detections.channel == ANNOTATED
        without = viewers.open(camera, [RAW], access=CameraAccess((RAW,)))
        with pytest.raises(NotAllowedError):
            camera.subscribe_detections(without, wanted=True)

    VirtualTime().run(scenario)


def test_what_waits_in_a_reserved_connection_is_not_for_another_reader() -> None:
    async def scenario() -> None:
        camera, viewers = camera_and_viewers()
        reserved = viewers.reserve(camera)
        camera.subscribe(reserved, PLATES)
        with pytest.raises(NotAllowedError):
            viewers.claim(camera, reserved.connection_id, LIMITED)
        await camera.capture(2)
        # what was unread of the channel before is handed over ahead of the new one
        camera.running.fan_out.notify_all()
        switch = asyncio.create_task(viewers.switch(camera, reserved, View(ANNOTATED)))
        for _ in range(40):
            await camera.capture(1)
        await switch
        camera.subscribe_detections(reserved, wanted=True)
        reserved.post_detections(Detections(PLATES, 0, 0, []))
        reserved.post(SYNC)
        claimed = viewers.claim(camera, reserved.connection_id, LIMITED)
        stream = camera.running.stream
        items = claimed.take(stream.rings, stream.inits, 64)
        assert items
        assert not [each for each in items if PLATES in str(each) or isinstance(each, Sync)]
        with pytest.raises(NotAllowedError):
            camera.subscribe(claimed, RAW)

    VirtualTime().run(scenario)


def test_nobody_changes_a_connection_that_has_more_than_they_may_see() -> None:
    async def scenario() -> None:
        camera, viewers = camera_and_viewers()
        other = viewers.open(camera, [PLATES])
        with pytest.raises(NotAllowedError):
            camera.connection(other.connection_id, LIMITED)
        shared = viewers.open(camera, [ANNOTATED])
        assert camera.connection(shared.connection_id, LIMITED) is shared

    VirtualTime().run(scenario)


def test_the_greeting_names_no_detector_of_a_hidden_channel() -> None:
    async def scenario() -> None:
        camera, viewers = camera_and_viewers()
        for access, is_named in ((LIMITED, True), (CameraAccess((RAW,)), False)):
            viewer = viewers.open(camera, access.watching, access=access)
            connected = camera.feed(viewer, 64).take()[0]
            assert (connected.detector is not None) is is_named  # type: ignore[union-attr]

    VirtualTime().run(scenario)
