"""What the app does by itself when another server is asked to stop."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
from collections.abc import Callable
from typing import Any

import pytest
from sse_starlette.sse import AppStatus
from starlette.types import Message, Receive, Scope, Send

from streamlab.server import stopping
from streamlab.server.stopping import GOING_AWAY, EndOnStop
from streamlab.server.transport import EXTENSION

HTTP: dict[str, Any] = {"type": "http"}
WEBSOCKET: dict[str, Any] = {"type": "websocket"}


class Served:
    """An app that accepts websockets and stays, and a process that can be asked to stop."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stops: list[Callable[[], None]] = []
        self.closed = 0
        self.sent: list[Message] = []
        self.middleware = EndOnStop(self._app, self._close)
        monkeypatch.setattr(stopping, "notice_stop", self.stops.append)
        monkeypatch.setattr(AppStatus, "should_exit", False)
        monkeypatch.setattr(gc, "freeze", lambda: None)

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            await asyncio.Event().wait()

    async def _close(self) -> None:
        self.closed += 1

    async def ask(self, scope: dict[str, Any]) -> None:
        async def send(message: Message) -> None:
            self.sent.append(message)

        await self.middleware(scope, asyncio.Event().wait, send)  # type: ignore[arg-type]


def test_websockets_end_and_cameras_close_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        served = Served(monkeypatch)
        await served.ask(HTTP)
        await served.ask(HTTP)
        (stop,) = served.stops
        open_ones = [asyncio.create_task(served.ask(WEBSOCKET)) for _ in range(2)]
        await asyncio.sleep(0)
        stop()
        stop()
        await asyncio.gather(*open_ones)
        closes = [each for each in served.sent if each["type"] == "websocket.close"]
        assert [each["code"] for each in closes] == [GOING_AWAY, GOING_AWAY]
        assert served.closed == 1
        assert AppStatus.should_exit

    asyncio.run(scenario())


def test_our_own_server_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        served = Served(monkeypatch)
        await served.ask(HTTP | {"extensions": {EXTENSION: object()}})
        assert not served.stops

    asyncio.run(scenario())


def test_a_worker_of_hypercorn_follows_its_event(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = multiprocessing.get_context("spawn").Event()
    worker = multiprocessing.Process(kwargs={"shutdown_event": asked})
    monkeypatch.setattr(stopping, "current_process", lambda: worker)

    async def scenario() -> None:
        served = Served(monkeypatch)
        await served.ask(HTTP)
        open_one = asyncio.create_task(served.ask(WEBSOCKET))
        asked.set()
        await open_one
        assert served.closed == 1

    asyncio.run(scenario())
