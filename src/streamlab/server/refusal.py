"""Sends a refusal in place of what was asked for, be it a request or a websocket."""

from __future__ import annotations

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketClose

POLICY_VIOLATION = 1008  # RFC 6455, 7.4.1
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def is_safe(scope: Scope) -> bool:
    """Return True if a request only reads. A websocket may carry anything, so it is not safe."""
    return scope["type"] == "http" and scope["method"] in SAFE_METHODS


async def refuse(scope: Scope, receive: Receive, send: Send, response: Response) -> None:
    """Send ``response``; a websocket gets it in place of the handshake where the server can."""
    if scope["type"] == "websocket" and "websocket.http.response" not in scope.get(
        "extensions", {}
    ):
        await WebSocketClose(POLICY_VIOLATION)(scope, receive, send)
    else:
        await response(scope, receive, send)
