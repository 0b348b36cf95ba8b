"""A network between a client and a server that cuts connections and stalls, by a seeded dice."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections import Counter
from random import Random
from types import TracebackType
from typing import Literal, Self

Fault = Literal["close", "reset", "stall"]
PIECE_BYTES = 4096
RESET = struct.pack("ii", 1, 0)  # linger for 0 s: closing throws away what was not sent


class LossyLink:
    """A TCP proxy on `url`; each connection carries so many bytes towards the client, then fails.

    The faults take turns: `close` ends it in the middle of what is being said, `reset` breaks
    it, `stall` keeps it open and silent. Without `carries_bytes` it fails only by `cut`. A
    context manager.
    """

    def __init__(
        self,
        port: int,
        *,
        seed: int = 0,
        carries_bytes: tuple[int, int] | None = None,
        faults: tuple[Fault, ...] = ("close", "reset", "stall"),
    ) -> None:
        self.faults: Counter[Fault] = Counter()
        self._port = port
        self._carried: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []
        self._random = Random(seed)
        self._carries_bytes = carries_bytes
        self._kinds = faults
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="lossy link")

    def has_failed_in_every_way(self) -> bool:
        return self.faults.keys() == set(self._kinds)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        starting = asyncio.start_server(self._carry, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(starting, self._loop).result()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self) -> None:
        """End all connections that there are."""

        async def cancel() -> None:
            for task in self._carried:
                task.cancel()

        asyncio.run_coroutine_threadsafe(cancel(), self._loop).result()

    async def _stop(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for writer in self._writers:  # one that is closed may still have something to send
            writer.transport.abort()
        await asyncio.sleep(0)  # aborted transports close their sockets in the next round

    async def _carry(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        budget = self._random.randint(*self._carries_bytes) if self._carries_bytes else None
        self._writers.append(back)
        server, forth = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers.append(forth)
        asking = asyncio.create_task(_copy(client, forth))
        answering = asyncio.create_task(self._answer(server, back, budget))
        self._carried |= {asking, answering}
        try:
            await asyncio.wait({asking, answering}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._carried -= {asking, answering}
            for task in (asking, answering):
                task.cancel()
            await asyncio.gather(asking, answering, return_exceptions=True)
            forth.close()
            back.close()

    async def _answer(
        self, server: asyncio.StreamReader, back: asyncio.StreamWriter, budget: int | None
    ) -> None:
        while piece := await server.read(PIECE_BYTES):
            if budget is not None and len(piece) > budget:
                back.write(piece[:budget])
                await self._fail(back)
                return
            budget = None if budget is None else budget - len(piece)
            back.write(piece)
            await back.drain()

    async def _fail(self, back: asyncio.StreamWriter) -> None:
        fault = self._kinds[self.faults.total() % len(self._kinds)]
        self.faults[fault] += 1
        if fault == "stall":
            await asyncio.Event().wait()  # until the client gives up
        if fault == "reset":
            link = back.get_extra_info("socket")
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(PIECE_BYTES):
        writer.write(piece)
        await writer.drain()
