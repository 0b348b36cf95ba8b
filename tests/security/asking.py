"""Asks an app in process, as the bytes on the wire would: with any header, over any ASGI type."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from starlette.types import ASGIApp, Message

from streamlab.media.spec import SourcePolicy
from streamlab.server.app import create_app
from streamlab.settings import Settings
from streamlab.viewers import ChannelSubscriptionManager, StreamChannelManager

Headers = Sequence[tuple[str, str]]
OWN: Headers = (("Host", "127.0.0.1:8000"),)


async def welcome(scope: Any, receive: Any, send: Any) -> None:
    """Accept websockets, and answer 200 to everything else: a stand-in for the dashboard."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def mount(
    manager: StreamChannelManager, subscriptions: ChannelSubscriptionManager, policy: SourcePolicy
) -> ASGIApp:
    return welcome


@lru_cache
def app(allowed_hosts: str = "", allowed_origins: str = "", max_body_bytes: int = 1000) -> ASGIApp:
    """Return an app on 127.0.0.1 with a mount at ``/dashboard``; it takes a while to make one."""
    settings = Settings(
        allowed_hosts=allowed_hosts,  # type: ignore[arg-type]
        allowed_origins=allowed_origins,  # type: ignore[arg-type]
        max_body_bytes=max_body_bytes,
    )
    policy = SourcePolicy(frozenset(["synthetic"]))
    manager = StreamChannelManager(settings)
    return create_app(manager, policy, {"/dashboard": mount}, listening_on=["127.0.0.1"])


def ask(
    app: ASGIApp,
    method: str = "GET",
    path: str = "/healthz",
    headers: Headers = OWN,
    body: Iterable[bytes] = (),
    **scope: Any,
) -> tuple[int, bytes, int]:
    """Return the status, the body of the answer, and how many bytes of `body` were taken."""
    parts = list(body)
    taken, complete = 0, False

    async def receive() -> Message:
        nonlocal taken, complete
        if complete:
            await asyncio.Event().wait()  # the client stays
        part = parts.pop(0) if parts else b""
        taken += len(part)
        complete = not parts
        return {"type": "http.request", "body": part, "more_body": bool(parts)}

    sent = asyncio.run(_run(app, "http", method, path, headers, receive, **scope))
    status = next(each["status"] for each in sent if "status" in each)
    return status, b"".join(each.get("body", b"") for each in sent), taken


def connect(
    app: ASGIApp, headers: Headers, *, extensions: bool = True, path: str = "/dashboard/ws"
) -> int:
    """Return the status that a websocket is answered with; 101 if accepted."""

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    extra: dict[str, Any] = {"extensions": {"websocket.http.response": {}}} if extensions else {}
    sent = asyncio.run(_run(app, "websocket", "GET", path, headers, receive, **extra))
    if sent[0]["type"] == "websocket.accept":
        return 101
    if sent[0]["type"] == "websocket.close":
        return 403  # what servers answer then
    return int(sent[0]["status"])


async def _run(
    app: ASGIApp, kind: str, method: str, path: str, headers: Headers, receive: Any, **extra: Any
) -> list[Any]:
    sent: list[Any] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": kind,
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http" if kind == "http" else "ws",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
        "subprotocols": [],
        "state": {},
    }
    await app(scope | extra, receive, send)
    return sent
