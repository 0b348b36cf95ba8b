"""The floor: a plain asyncio (uvloop) protocol that writes the same bytes to every client.

    python -m benchmarks.fanout.writer PORT FPS

No HTTP beyond what an event stream needs, no cache, no slow-client policy, no cursor. The fragments
come in as JSON lines on standard input.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import cast

import uvicorn

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n\r\n"


class Client(asyncio.Protocol):
    """A client, from its request on."""

    def __init__(self, clients: set[asyncio.Transport]) -> None:
        self._clients = clients
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:  # noqa: ARG002
        assert self._transport is not None
        if self._transport not in self._clients:
            self._transport.write(HEAD)
            self._clients.add(self._transport)

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002
        if self._transport is not None:
            self._clients.discard(self._transport)


async def serve(port: int, fps: int, fragments: list[dict[str, object]]) -> None:
    """Send one event after the other to all."""
    clients: set[asyncio.Transport] = set()
    loop = asyncio.get_running_loop()
    await loop.create_server(lambda: Client(clients), "127.0.0.1", port, backlog=1024)
    due_s, number = time.monotonic(), 0
    while True:
        body = json.dumps(fragments[number % len(fragments)] | {"released_at": time.time()})
        event = f"id: {number}\nevent: fragment\ndata: {body}\n\n".encode()
        for client in clients:
            client.write(event)
        number, due_s = number + 1, due_s + 1 / fps
        await asyncio.sleep(due_s - time.monotonic())


def main() -> None:
    port, fps = int(sys.argv[1]), int(sys.argv[2])
    fragments = [json.loads(line) for line in sys.stdin]
    new_loop = uvicorn.Config(lambda: None).get_loop_factory()
    asyncio.Runner(loop_factory=new_loop).run(serve(port, fps, fragments))


if __name__ == "__main__":
    main()
