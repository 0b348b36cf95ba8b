"""Bounds how many requests are served at once, and how long one may take.

Rules:

- streams have a limit of their own (``max_connections``); beside them there is room for
  ``OTHERS`` requests. Whatever comes beyond gets 503, except ``/healthz``, which says that the
  process lives;
- one request begins per pass of the event loop, so that a burst of them delays what viewers are
  sent, and ``/healthz``, by the time of one request;
- a request that is not a stream must be over within a time. An endpoint that needs longer asks
  for it with ``allow_more_time``.
"""

from __future__ import annotations

import asyncio
from collections import deque

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streamlab.server.prefix import route_path
from streamlab.server.problems import problem
from streamlab.server.refusal import refuse

ALWAYS_SERVED = "/healthz"
REQUEST_S = 60.0
_DEADLINE = "streamlab.deadline"
_STREAM = b"text/event-stream"


class InFlightLimit:
    """ASGI middleware that answers 503 to more than ``limit`` requests and websockets at once."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit
        self._count = 0
        self._turns: deque[asyncio.Future[None]] = deque()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or refuse it."""
        if scope["type"] == "lifespan" or route_path(scope) == ALWAYS_SERVED:
            await self._app(scope, receive, send)
        elif self._count >= self._limit:
            detail = "the server has as many requests as it can serve at once"
            response = problem(503, "Server full", detail, "Try again later.")
            await refuse(scope, receive, send, response)
        else:
            self._count += 1
            try:
                await self._wait_for_turn()
                await self._app(scope, receive, send)
            finally:
                self._count -= 1

    async def _wait_for_turn(self) -> None:
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        self._turns.append(turn)
        if len(self._turns) == 1:
            loop.call_soon(self._begin_next, loop)
        await turn

    def _begin_next(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let the next request begin, and one more in each later pass of the loop."""
        turn = self._turns.popleft()
        if not turn.done():  # it is if the request was cancelled
            turn.set_result(None)
        if self._turns:
            loop.call_soon(self._begin_next, loop)


class Deadline:
    """ASGI middleware that ends requests that take longer than ``limit_s``, except streams."""

    def __init__(self, app: ASGIApp, limit_s: float) -> None:
        self._app = app
        self._limit_s = limit_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, for a limited time."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_started = False

        async def send_in_time(message: Message) -> None:
            nonlocal has_started
            if message["type"] == "http.response.start":
                has_started = True
                if _is_stream(message):
                    deadline.reschedule(None)
            await send(message)

        try:
            async with asyncio.timeout(self._limit_s) as deadline:
                scope[_DEADLINE] = deadline
                await self._app(scope, receive, send_in_time)
        except TimeoutError:
            if has_started or not deadline.expired():
                raise  # the server cuts the connection
            response = problem(503, "Too slow", "the request took too long", "Try again later.")
            response.headers["Connection"] = "close"
            await response(scope, receive, send)


def allow_more_time(scope: Scope, seconds: float) -> None:
    """Move the deadline of a request; without one this has no effect."""
    deadline: asyncio.Timeout | None = scope.get(_DEADLINE)
    if deadline is not None and (when := deadline.when()) is not None:
        deadline.reschedule(when + seconds)


def _is_stream(start: Message) -> bool:
    headers = dict(start.get("headers", ()))
    return bool(headers.get(b"content-type", b"").startswith(_STREAM))
