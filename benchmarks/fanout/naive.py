"""Naive sse-starlette: every client has its own generator, JSON and base64.

    python -m benchmarks.fanout.naive PORT FPS

The fragments' members and bytes come in as JSON lines on standard input.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import time
from collections.abc import AsyncIterator

import uvicorn
from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route


def main() -> None:
    port, fps = int(sys.argv[1]), int(sys.argv[2])
    fragments = []
    for line in sys.stdin:
        members = json.loads(line)
        fragments.append((members, base64.b64decode(members.pop("data"))))
    condition = asyncio.Condition()
    newest = -1
    released_at = 0.0

    async def produce() -> None:
        nonlocal newest, released_at
        due_s = time.monotonic()
        while True:
            async with condition:
                newest, released_at = newest + 1, time.time()
                condition.notify_all()
            due_s += 1 / fps
            await asyncio.sleep(due_s - time.monotonic())

    async def events() -> AsyncIterator[dict[str, str]]:
        seen = newest
        while True:
            async with condition:
                while newest == seen:
                    await condition.wait()
                seen = newest
            members, data = fragments[seen % len(fragments)]
            body = {**members, "data": base64.b64encode(data).decode(), "released_at": released_at}
            yield {"event": "fragment", "id": str(seen), "data": json.dumps(body)}

    async def stream(request: Request) -> EventSourceResponse:  # noqa: ARG001
        return EventSourceResponse(events(), sep="\n")

    app = Starlette(routes=[Route("/events", stream)])

    async def serve() -> None:
        producer = asyncio.create_task(produce())
        config = uvicorn.Config(app, port=port, log_level="error")
        await uvicorn.Server(config).serve()
        producer.cancel()

    asyncio.Runner(loop_factory=uvicorn.Config(app).get_loop_factory()).run(serve())


if __name__ == "__main__":
    main()
