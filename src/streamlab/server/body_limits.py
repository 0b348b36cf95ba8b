"""The bodies of requests: JSON only, of bounded size, and read before the application sees them.

Rules:

- a body that is not declared as JSON is refused (415): HTML forms and simple requests, which a
  page may send to any server without asking, cannot declare it;
- one of more than ``max_body_bytes`` is refused (413), by its ``Content-Length`` or, while it
  arrives, by what has arrived. The rest is not kept, and the connection is soon closed;
- a request that only reads has no use for a body. It is never read, so it takes no memory.
"""

from __future__ import annotations

import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streamlab.server.problems import BODY, problem
from streamlab.server.refusal import is_safe

_MAX_DIGITS = 18
_JSON = re.compile(r"application/([\w.+-]+\+)?json", re.IGNORECASE)


class BodyLimits:
    """ASGI middleware that refuses bodies that are too large or not JSON."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or refuse its body."""
        if scope["type"] != "http" or not _has_body(Headers(scope=scope)):
            await self._app(scope, receive, send)
        elif _declared_bytes(scope) > self._max_bytes:
            await self._refuse_size(scope, receive, send)
        elif is_safe(scope):
            await self._app(scope, receive, send)
        elif not _is_json(Headers(scope=scope)):
            detail = "the body of the request is not declared as JSON"
            hint = "Send 'Content-Type: application/json'."
            await problem(415, "Not JSON", detail, hint)(scope, receive, send)
        else:
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = bytearray()
        is_complete = False
        while not is_complete:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            is_complete = not message.get("more_body", False)
            if len(body) > self._max_bytes:
                await self._refuse_size(scope, receive, send)
                return
        scope[BODY] = bytes(body)
        await self._app(scope, _replay(scope[BODY], receive), send)

    async def _refuse_size(self, scope: Scope, receive: Receive, send: Send) -> None:
        detail = f"the body of the request is larger than {self._max_bytes} bytes"
        hint = "Send less, or raise the server's setting max_body_bytes."
        await problem(413, "Body too large", detail, hint)(scope, receive, send)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a ``receive`` that gives a body first, and then what really comes."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return messages.pop() if messages else await receive()

    return receive_again


def _has_body(headers: Headers) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


def _declared_bytes(scope: Scope) -> int:
    """Return the largest ``Content-Length`` of a request; 0 if it gives none."""
    lengths = Headers(scope=scope).getlist("content-length")
    return max((int(each[:_MAX_DIGITS]) for each in lengths if each.isdecimal()), default=0)


def _is_json(headers: Headers) -> bool:
    kinds = headers.getlist("content-type")
    return bool(kinds) and all(_JSON.fullmatch(each.partition(";")[0].strip()) for each in kinds)
