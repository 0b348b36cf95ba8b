"""What a refused subscription leaves behind: nothing."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from streamlab.media.spec import SourcePolicy
from streamlab.server.app import create_app
from streamlab.settings import Settings
from streamlab.viewers import StreamChannelManager
from tests.viewers.still_camera import StillCamera


@pytest.mark.parametrize(
    "wish",
    [{"channel_type": "depth"}, {"channel_type": "annotated", "quality": "source"}],
    ids=["channel", "quality"],
)
def test_a_refused_subscription_reserves_nothing(wish: dict[str, str]) -> None:
    async def scenario() -> None:
        manager = StreamChannelManager(Settings(allowed_hosts=["test"]))
        camera = StillCamera()
        manager._cameras[camera.camera_id] = camera
        app = create_app(manager, SourcePolicy(frozenset()))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            refused = await client.post("/streams/sse/yard/subscribe", json=wish)
            assert refused.status_code == 422
            assert camera.running.stream.connections == {}
            raw = {"channel_type": "raw"}
            reserved = await client.post("/streams/sse/yard/subscribe", json=raw)
        assert list(camera.running.stream.connections) == [reserved.json()["connection_id"]]
        camera.running.remove("camera_removed")

    asyncio.run(scenario())
