"""The dashboard's place in the server: there, or a hint; and for nobody else's pages."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import Message

from streamlab.manager import ChannelSubscriptionManager, StreamChannelManager
from streamlab.media.spec import SourcePolicy
from streamlab.server import dashboard
from streamlab.settings import Settings

POLICY = SourcePolicy(frozenset())


def test_without_panel_there_is_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashboard, "NEEDED", ("no_such_module",))

    async def get() -> httpx.Response:
        channels, app = StreamChannelManager(Settings()), FastAPI()
        dashboard.add_dashboard(app, channels, ChannelSubscriptionManager(channels), POLICY)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
            return await client.get("http://server/dashboard/")

    response = asyncio.run(get())
    assert response.status_code == 501
    assert "streamlab[lab]" in response.text


@pytest.mark.parametrize("origin", ["http://elsewhere.example", "http://server:8001", "null"])
def test_another_sites_page_gets_no_websocket(origin: str) -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    async def connect() -> None:
        channels = StreamChannelManager(Settings())
        app = dashboard.Dashboard(channels, ChannelSubscriptionManager(channels), POLICY)
        headers = [(b"host", b"server:8000"), (b"origin", origin.encode())]
        await app({"type": "websocket", "headers": headers}, receive, send)

    asyncio.run(connect())
    assert sent == [{"type": "websocket.close", "code": dashboard.POLICY_VIOLATION, "reason": ""}]
