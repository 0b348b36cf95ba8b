"""Asks every route of an app's OpenAPI, with every value that matters for who may see what.

A route or parameter that this file has no values for fails the tests: whoever adds one decides what
a limited token gets of it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from fastapi import FastAPI
from starlette.types import Message

from tests.viewers.still_camera import StillCamera

SEEN, HIDDEN, UNKNOWN = "street", "vault", "attic"
ALLOWED, KEPT, NO_CHANNEL = "annotated", "plates", "nothing"
CAMERAS = (SEEN, HIDDEN, UNKNOWN)
CHANNELS = (ALLOWED, KEPT, "raw", NO_CHANNEL)
VIEWS = (*CHANNELS, "both", f"{ALLOWED},{KEPT}")
VALUES: dict[str, tuple[str, ...]] = {
    "camera_id": CAMERAS,
    "channel": CHANNELS,
    "channel_type": (*CHANNELS, "detections"),
    "initial_channel": VIEWS,
    "new_channel": VIEWS,
    "quality": ("medium",),
    "sequence": ("1",),
    "init_id": ("0",),
    "from_pts": ("0",),
    "to_pts": ("9000",),
    "seconds": ("1",),
}
LEFT_OUT = {  # have a default, and nothing to do with who may see what
    "raw_quality", "annotated_quality", "payload", "access_token", "last-event-id", "stream_id",
    "window_s", "kind", "ready",
}  # fmt: skip
BODIES: dict[tuple[str, str], tuple[str, ...]] = {
    ("post", "/streams/sse/{camera_id}/subscribe"): ("channel_type",),
    ("post", "/streams/sse/{camera_id}/switch"): ("new_channel", "connection_id"),
    ("post", "/cameras"): ("camera_id", "source"),
    ("patch", "/cameras/{camera_id}"): (),
}


class Ask(NamedTuple):
    """A request, and the values that were chosen for it."""

    method: str
    route: str
    path: str
    chosen: dict[str, str]
    body: dict[str, str] | None

    @property
    def channels(self) -> set[str]:
        """The channels that it asks for."""
        names = ("channel", "channel_type", "initial_channel", "new_channel")
        asked = [self.chosen[name] for name in names if name in self.chosen]
        views = ["raw,annotated" if view == "both" else view for view in asked]
        return {name for view in views for name in view.split(",")}


class Answer(NamedTuple):
    """What came back; of a stream of events, what came of a few frames."""

    status: int
    text: str


def requests(app: FastAPI, connection_id: str) -> Iterator[Ask]:
    """Yield every request; ``connection_id`` is that of another viewer."""
    values = {**VALUES, "connection_id": (connection_id,), "source": ("synthetic://traffic",)}
    for route, operations in app.openapi()["paths"].items():
        for method, operation in operations.items():
            parameters = operation.get("parameters", [])
            names = [each["name"] for each in parameters if each["name"] not in LEFT_OUT]
            inside = BODIES[method, route] if "requestBody" in operation else ()
            every = [*dict.fromkeys([*names, *inside])]
            places = {each["name"]: each["in"] for each in parameters}
            for chosen in product(*(values[name] for name in every)):
                yield _ask(method, route, dict(zip(every, chosen, strict=True)), places, inside)


def _ask(
    method: str,
    route: str,
    chosen: dict[str, str],
    places: dict[str, str],
    inside: tuple[str, ...],
) -> Ask:
    path = route
    for name, value in chosen.items():
        path = path.replace(f"{{{name}}}", quote(value))
    query = {name: chosen[name] for name in chosen if places.get(name) == "query"}
    body = {name: chosen[name] for name in inside} if method in ("post", "patch") else None
    return Ask(method, route, f"{path}?{urlencode(query)}" if query else path, chosen, body)


async def answer_to(
    app: FastAPI,
    ask: Ask,
    token: str,
    cameras: Sequence[StillCamera],
    **more_headers: str,
) -> Answer:
    """Return the answer to a request; the cameras capture while a stream of events runs."""
    sent: list[Message] = []
    started, leave = asyncio.Event(), asyncio.Event()
    body = [json.dumps(ask.body).encode() if ask.body is not None else b""]

    async def receive() -> Message:
        if body:
            return {"type": "http.request", "body": body.pop(), "more_body": False}
        await leave.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)
        started.set()

    path, _, query = ask.path.partition("?")
    headers = {"host": "server", "authorization": f"Bearer {token}", **more_headers}
    if ask.body is not None:
        headers["content-type"] = "application/json"
    scope: dict[str, Any] = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http",
        "method": ask.method.upper(), "path": path, "raw_path": path.encode(), "root_path": "",
        "query_string": query.encode(), "client": ("127.0.0.1", 1), "server": ("server", 80),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "state": {},
    }  # fmt: skip
    serving = asyncio.create_task(app(scope, receive, send))
    starting = asyncio.create_task(started.wait())
    await asyncio.wait({serving, starting}, return_when=asyncio.FIRST_COMPLETED)
    starting.cancel()
    if any(b"event-stream" in value for _, value in sent[0]["headers"]):
        for camera in cameras:
            await camera.capture(2)
        leave.set()
    await serving
    text = b"".join(each.get("body", b"") for each in sent).decode("latin-1")
    return Answer(sent[0]["status"], text)
