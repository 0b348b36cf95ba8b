"""HEAD and OPTIONS on every path, and an ``Allow`` that names all methods of a path.

Routes say what GET, POST and so on do; the rest follows from them (RFC 9110, 9.3 and 10.2.1):

- HEAD is answered like GET, without the body. Whatever would produce the body ends at once;
- OPTIONS is answered with 204, for a path that exists;
- ``Allow`` is the same in every answer. Several routes may share a path: the router would name the
  methods of one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
HEAD = "streamlab.head"
"""Key of the ASGI scope: true for a HEAD request, which the routes see as GET."""


class Methods:
    """ASGI middleware that answers HEAD and OPTIONS, and completes ``Allow``."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        send_complete = _with_allow(send, dict(scope))  # routes change the scope
        if scope["method"] == "HEAD":
            await self._answer_head(scope, send_complete)
        elif scope["method"] == "OPTIONS" and (methods := allowed_methods(scope)):
            await Response(status_code=204, headers={"Allow": methods})(scope, receive, send)
        else:
            await self._app(scope, receive, send_complete)

    async def _answer_head(self, scope: Scope, send: Send) -> None:
        started = asyncio.Event()

        async def receive_end() -> Message:
            await started.wait()
            return {"type": "http.disconnect"}

        async def send_start(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b""})
                started.set()

        # Without extensions, so that no response writes its body past ``send``.
        as_get = {**scope, "method": "GET", HEAD: True, "extensions": {}}
        await self._app(as_get, receive_end, send_start)


def allowed_methods(scope: Scope) -> str:
    """Return the methods of the path of a request, for ``Allow``; empty if there is no such path.

    What is mounted can be read; its own routes decide about the rest.
    """
    if scope["path"] == "*":  # the server as a whole
        return ", ".join((METHODS[0], "HEAD", *METHODS[1:], "OPTIONS"))
    routes: Iterable[BaseRoute] = scope["app"].routes
    found: set[str] = set()
    for route in routes:
        for method in ("GET",) if isinstance(route, Mount) else METHODS:
            if route.matches({**scope, "method": method})[0] is Match.FULL:
                found.add(method)
    if not found:
        return ""
    with_head = ("GET", "HEAD") if "GET" in found else ()
    return ", ".join([*with_head, *(name for name in METHODS[1:] if name in found), "OPTIONS"])


def _with_allow(send: Send, scope: Scope) -> Send:
    async def send_with_allow(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 405:
            MutableHeaders(scope=message)["Allow"] = allowed_methods(scope)
        await send(message)

    return send_with_allow
