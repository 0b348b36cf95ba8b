"""Clients that take what they can get: streams, and connections that never become a request.

    python -m benchmarks.hostile.attackers PORT ADDRESS STREAMS SLOW

Runs ``STREAMS`` streams, and ``SLOW`` each of slow heads, slow bodies and idle connections, from
the loopback address ``ADDRESS``, until its standard input ends; then prints what happened as JSON.
A client that is refused or cut comes again: a stream after ``Retry-After``, others after a second.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import sys
from collections import Counter
from enum import StrEnum

BUFFER_BYTES = 1 << 18
NICENESS = 19  # the lowest priority: a real attacker does not use the server's cores
TRICKLE_S = 1.0
AGAIN_S = 1.0
STARTS_WITHIN_S = 2.0
RETRY_AFTER = re.compile(rb"\r\nretry-after: (\d+)", re.IGNORECASE)
CAMERAS = ("a", "b")


class Kind(StrEnum):
    """What a client does with its connection."""

    STREAM = "stream"
    HEAD = "slow head"
    BODY = "slow body"
    IDLE = "idle"


OPENINGS = {
    Kind.HEAD: b"GET /cameras HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
    Kind.BODY: b"POST /cameras HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: 5000\r\n\r\n",
    Kind.IDLE: b"",
}


class Attack:
    """All clients of this process."""

    def __init__(self, port: int, address: str) -> None:
        self.counts: Counter[str] = Counter()
        self.buffer = bytearray(BUFFER_BYTES)  # of all: what is read is not looked at
        self._port = port
        self._address = address
        self._is_stopped = False
        self._connecting: set[asyncio.Task[None]] = set()

    def start(self, kind: Kind, count: int) -> None:
        """Start so many clients of a kind, not all at the same moment."""
        for number in range(count):
            camera = CAMERAS[number % len(CAMERAS)]
            self.connect_later(kind, camera, random.uniform(0, STARTS_WITHIN_S))

    def connect_later(self, kind: Kind, camera: str, seconds: float) -> None:
        """Connect a client, again and again until it succeeds."""
        asyncio.get_running_loop().call_later(seconds, self._connect, kind, camera)

    async def stop(self) -> None:
        """Connect no more."""
        self._is_stopped = True
        for task in self._connecting:
            task.cancel()
        await asyncio.gather(*self._connecting, return_exceptions=True)

    def _connect(self, kind: Kind, camera: str) -> None:
        if self._is_stopped:
            return
        task = asyncio.create_task(self._try_to_connect(kind, camera))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _try_to_connect(self, kind: Kind, camera: str) -> None:
        try:
            await asyncio.get_running_loop().create_connection(
                lambda: Client(self, kind, camera),
                "127.0.0.1",
                self._port,
                local_addr=(self._address, 0),
            )
        except OSError:
            self.counts["not connected"] += 1
            self.connect_later(kind, camera, AGAIN_S)


class Client(asyncio.BufferedProtocol):
    """One connection of an attack."""

    def __init__(self, attack: Attack, kind: Kind, camera: str) -> None:
        self._attack = attack
        self._kind = kind
        self._camera = camera
        self._again_s = AGAIN_S
        self._is_answered = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send what the connection begins with."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if self._kind is Kind.STREAM:
            path = f"/streams/sse/{self._camera}/dual"
            transport.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        else:
            transport.write(OPENINGS[self._kind])
            self._trickle()

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002
        """Return the buffer that all clients share."""
        return self._attack.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Look at the status that the server answers with."""
        if self._is_answered:
            return
        self._is_answered = True
        answer = bytes(self._attack.buffer[:nbytes])
        status = answer[9:12].decode("latin-1")
        self._attack.counts[f"{self._kind}: {status}"] += 1
        if status != "200":
            told = RETRY_AFTER.search(answer)
            self._again_s = float(told[1]) if told else AGAIN_S
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Come again."""
        if not self._is_answered:
            self._attack.counts[f"{self._kind}: cut"] += 1
        wait_s = self._again_s * random.uniform(1.0, 1.5)
        self._attack.connect_later(self._kind, self._camera, wait_s)

    def _trickle(self) -> None:
        if self._kind is not Kind.IDLE and not self._transport.is_closing():
            self._transport.write(b"x")
            asyncio.get_running_loop().call_later(TRICKLE_S, self._trickle)


async def run(port: int, address: str, streams: int, slow: int) -> Counter[str]:
    """Attack until standard input ends."""
    attack = Attack(port, address)
    attack.start(Kind.STREAM, streams)
    for kind in OPENINGS:
        attack.start(kind, slow)
    await asyncio.to_thread(sys.stdin.read)
    await attack.stop()
    return attack.counts


def main() -> None:
    port, address, streams, slow = sys.argv[1:]
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    os.nice(NICENESS)
    counts = asyncio.run(run(int(port), address, int(streams), int(slow)))
    print(json.dumps(counts), flush=True)


if __name__ == "__main__":
    main()
