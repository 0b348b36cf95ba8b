"""Refuses requests whose path, query or headers are longer than any that the API has a use for.

Everything behind it parses them in the event loop: tokens, cookies, parameters. The bounds are
checked before anything is parsed. The length of bodies is not bounded here.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from streamlab.server.problems import problem

MAX_PATH_BYTES = 2_048
MAX_QUERY_BYTES = 16_384
MAX_QUERY_FIELDS = 512
MAX_HEADER_BYTES = 65_536
MAX_HEADERS = 128
MAX_COOKIE_ESCAPES = 64  # Python before 3.11.10 unquotes in quadratic time: CVE-2024-7592
POLICY_VIOLATION = 1008  # RFC 6455, 7.4.1


class RequestBounds:
    """ASGI middleware that answers 414, 431 or 400 to what exceeds a bound."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or refuse it with the bound that it exceeds."""
        refused = None if scope["type"] == "lifespan" else _objection(scope)
        if refused is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await WebSocketClose(POLICY_VIOLATION)(scope, receive, send)
        else:
            status, title, what = refused
            await problem(status, title, what, "Send less.")(scope, receive, send)


def _objection(scope: Scope) -> tuple[int, str, str] | None:
    """Return status, title and detail of the problem with a request, or None."""
    query: bytes = scope["query_string"]
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    header_bytes = sum(len(name) + len(value) for name, value in headers)
    escapes = sum(value.count(b"\\") for name, value in headers if name == b"cookie")
    for status, what, count, limit in (
        (414, "bytes in the path", len(scope["path"]), MAX_PATH_BYTES),
        (414, "bytes in the query", len(query), MAX_QUERY_BYTES),
        (414, "parameters in the query", query.count(b"&") + 1, MAX_QUERY_FIELDS),
        (431, "headers", len(headers), MAX_HEADERS),
        (431, "bytes of headers", header_bytes, MAX_HEADER_BYTES),
        (431, "backslashes in cookies", escapes, MAX_COOKIE_ESCAPES),
    ):
        if count > limit:
            return status, "Request too long", f"more than {limit} {what}"
    if not query.isascii():
        return 400, "Query not encoded", "the query has characters that are not percent-encoded"
    return None
