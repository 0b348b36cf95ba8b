"""The dashboard's place in the server: there, or a hint."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import httpx
import pytest
from fastapi import FastAPI
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

from streamlab.dashboard import asgi as dashboard
from streamlab.media.spec import SourcePolicy
from streamlab.settings import Settings
from streamlab.viewers import ChannelSubscriptionManager, StreamChannelManager

POLICY = SourcePolicy(frozenset())
T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Await it in a thread of its own: a browser of other tests may have a loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def test_without_panel_there_is_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashboard, "NEEDED", ("no_such_module",))

    async def get() -> httpx.Response:
        manager, app = StreamChannelManager(Settings()), FastAPI()
        subscriptions = ChannelSubscriptionManager(manager)
        app.mount("/dashboard", dashboard.make_dashboard(manager, subscriptions, POLICY))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
            return await client.get("http://server/dashboard/")

    response = run(get())
    assert response.status_code == 501
    assert "streamlab-vision[lab]" in response.text


class Flaky(dashboard.Dashboard):
    """Cannot be made the first time."""

    starts = 0

    async def _make(self, cameras_loop: asyncio.AbstractEventLoop) -> ASGIApp:
        self.starts += 1
        if self.starts == 1:
            raise OSError("there is no room")
        return PlainTextResponse("here")


def test_a_start_that_failed_is_tried_again() -> None:
    async def scenario() -> tuple[str, list[str]]:
        manager = StreamChannelManager(Settings())
        app = Flaky(manager, ChannelSubscriptionManager(manager), POLICY)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
            with pytest.raises(OSError, match="no room"):
                await client.get("/")
            left = [each.name for each in threading.enumerate() if "dashboard" in each.name]
            return (await client.get("/")).text, left

    assert run(scenario()) == ("here", [])
