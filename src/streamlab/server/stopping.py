"""Ends open streams when another server that runs the app is asked to stop.

``streamlab serve`` closes the cameras, and with them the streams, before it waits for connections.
Other servers wait for open streams before they shut the app down, and streams have no end. So the
app follows the request to stop itself, from its first HTTP request on:

- the stop signals of the process, beside the handlers of the server (uvicorn, granian);
- the event by which Hypercorn asks its worker processes to stop, which get no signal.
"""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from multiprocessing import current_process
from multiprocessing.synchronize import Event

from sse_starlette.sse import AppStatus
from starlette.types import ASGIApp, Receive, Scope, Send

from streamlab.server.transport import EXTENSION
from streamlab.signals import notice_stop

GOING_AWAY = 1001  # RFC 6455, 7.4.1


class EndOnStop:
    """ASGI middleware that calls ``close`` and ends websockets when the process is to stop."""

    def __init__(self, app: ASGIApp, close: Callable[[], Awaitable[None]]) -> None:
        self._app = app
        self._close = close
        self._is_guest: bool | None = None  # of another server; known with the first request
        self._stopping = asyncio.Event()
        self._closing: asyncio.Future[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; a websocket until the process is to stop."""
        if scope["type"] == "http" and self._is_guest is None:
            self._is_guest = EXTENSION not in scope.get("extensions", {})
            if self._is_guest:
                _follow(self._stop)
        if scope["type"] == "websocket" and self._is_guest:
            await self._serve_websocket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _serve_websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        serving = asyncio.ensure_future(self._app(scope, receive, send))
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if serving.done():
                serving.result()
            else:
                await send({"type": "websocket.close", "code": GOING_AWAY})
        finally:
            serving.cancel()
            stopping.cancel()
            await asyncio.gather(serving, stopping, return_exceptions=True)

    def _stop(self) -> None:
        if self._closing is None:
            self._stopping.set()
            gc.freeze()  # to collect all modules at the end of the interpreter takes seconds
            AppStatus.should_exit = True  # cuts off event streams whose clients do not read
            self._closing = asyncio.ensure_future(self._close())


def _follow(stop: Callable[[], None]) -> None:
    """Call ``stop`` in the running loop once the process is asked to stop."""
    notice_stop(stop)
    asked = getattr(current_process(), "_kwargs", {}).get("shutdown_event")
    if isinstance(asked, Event):
        loop = asyncio.get_running_loop()
        threading.Thread(target=_wait_for, args=(asked, loop, stop), daemon=True).start()


def _wait_for(asked: Event, loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    asked.wait()
    with suppress(RuntimeError):  # the loop has closed
        loop.call_soon_threadsafe(stop)
