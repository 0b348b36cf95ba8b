"""The dashboard at ``/dashboard``, run on a separate thread.

Building a page of plots takes a good part of a second, and updating it some ms five times a second.
In the event loop that serves the streams this would delay every viewer's video. So requests are
passed to the dashboard's loop, and its responses back. Thread and dashboard start with the first
request; a server whose dashboard is never requested does not even import Panel.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Coroutine
from importlib.util import find_spec
from typing import Any, TypeVar, cast
from urllib.parse import quote

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streamlab.loop_thread import LoopThread
from streamlab.media.spec import SourcePolicy
from streamlab.server.prefix import route_path
from streamlab.viewers import ChannelSubscriptionManager, StreamChannelManager

T = TypeVar("T")
NEEDED = ("panel", "bokeh_fastapi", "holoviews")
HINT = "The dashboard needs Panel: pip install 'streamlab-vision[lab]'\n"
CHECK_S = 5.0
MAX_UNSENT = 2000  # messages to one browser: a minute of updates


def make_dashboard(
    manager: StreamChannelManager,
    subscriptions: ChannelSubscriptionManager,
    policy: SourcePolicy,
) -> ASGIApp:
    """Return the dashboard of these cameras; without Panel, a 501 page that names it."""
    if any(find_spec(name) is None for name in NEEDED):
        return PlainTextResponse(HINT, 501)
    return Dashboard(manager, subscriptions, policy)


class Dashboard:
    """Runs the dashboard's ASGI application on another thread than its callers."""

    def __init__(
        self,
        manager: StreamChannelManager,
        subscriptions: ChannelSubscriptionManager,
        policy: SourcePolicy,
    ) -> None:
        self._about = manager, subscriptions, policy
        self._starting: asyncio.Task[tuple[ASGIApp, asyncio.AbstractEventLoop]] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or a websocket; the server has checked the page that opened it."""
        if self._starting is None:
            self._starting = asyncio.create_task(self._start())
            self._starting.add_done_callback(self._forget_failure)
        page, there = await asyncio.shield(self._starting)
        here = asyncio.get_running_loop()
        outbox: asyncio.Queue[Message] = asyncio.Queue()
        sending = asyncio.create_task(_send_all(outbox, send))

        async def receive_here() -> Message:  # ``receive`` need not return a coroutine
            return await receive()

        async def receive_there() -> Message:
            return await _in(here, receive_here())

        async def send_there(message: Message) -> None:
            # Never waits: Bokeh's messages have several parts, and bokeh-fastapi has no lock that
            # keeps the parts of two messages from interleaving.
            if sending.done() or outbox.qsize() > MAX_UNSENT:
                raise OSError("the browser has closed the connection or stopped reading")
            here.call_soon_threadsafe(outbox.put_nowait, message)

        try:
            answering = page(_scope_of_page(scope), receive_there, send_there)
            await _in(there, cast("Coroutine[Any, Any, None]", answering))
            outbox.put_nowait({})
            await sending
        finally:
            sending.cancel()

    def _forget_failure(self, started: asyncio.Task[Any]) -> None:
        """Let the next request try again after a start that failed."""
        if started.cancelled() or started.exception() is not None:
            self._starting = None

    async def _start(self) -> tuple[ASGIApp, asyncio.AbstractEventLoop]:
        thread, here = LoopThread("streamlab-dashboard"), asyncio.get_running_loop()
        there = thread.call(_running_loop())
        try:
            page = await _in(there, self._make(here))
        except BaseException:
            thread.stop()
            raise
        thread.post(_stop_after, here)
        return page, there

    async def _make(self, cameras_loop: asyncio.AbstractEventLoop) -> ASGIApp:
        from streamlab.dashboard.cameras import Cameras  # noqa: PLC0415 - imports Panel
        from streamlab.dashboard.mounted import dashboard_app  # noqa: PLC0415

        manager, subscriptions, policy = self._about
        app = dashboard_app(Cameras(manager, subscriptions, cameras_loop, policy))
        await app.router.lifespan_context(app).__aenter__()  # ends with the thread
        # What was imported stays. A garbage collection that looks at it takes 0.1 s, during which
        # no thread runs.
        gc.freeze()
        return app


def _scope_of_page(scope: Scope) -> Scope:
    """Return the scope of a request as if the dashboard were a server of its own.

    Panel forms wrong links below a prefix that it did not set itself; without one they are
    relative. It also writes cookies and headers into the page, where scripts can read them, and
    fails with cookies that are malformed.
    """
    hidden = (b"cookie", b"authorization")
    headers = [header for header in scope["headers"] if header[0] not in hidden]
    path = route_path(scope)
    raw_path = quote(path).encode()
    return {**scope, "path": path, "raw_path": raw_path, "root_path": "", "headers": headers}


async def _send_all(outbox: asyncio.Queue[Message], send: Send) -> None:
    """Send the messages in the outbox, up to an empty one."""
    while message := await outbox.get():
        await send(message)


async def _in(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T]) -> T:
    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, loop))


async def _running_loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


def _stop_after(cameras_loop: asyncio.AbstractEventLoop) -> None:
    """Stop the dashboard's loop soon after the cameras' loop has closed."""
    loop = asyncio.get_running_loop()
    if cameras_loop.is_closed():
        for task in asyncio.all_tasks():
            task.cancel()
        loop.call_soon(loop.stop)
    else:
        loop.call_later(CHECK_S, _stop_after, cameras_loop)


MOUNTS = {"/dashboard": make_dashboard}
"""The mounts with which a server offers the dashboard."""
