"""Children start, exchange messages, and are seen to end, however they end."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec

import pytest

from streamlab.processes.child import ChildProcess, StartMethod, default_start_method
from streamlab.processes.message_stream import MAX_MESSAGE_BYTES, MessageStream

P = ParamSpec("P")
METHODS: tuple[StartMethod, ...] = ("forkserver", "spawn")


def in_a_loop(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run an async test in an event loop of its own."""

    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


def echo(end: socket.socket, prefix: bytes) -> None:
    """Send back what comes, until the other end closes."""

    async def run() -> None:
        over = asyncio.get_running_loop().create_future()
        stream = await MessageStream.connect(
            end, lambda message: stream.send(prefix + message), lambda: over.set_result(None)
        )
        await over

    asyncio.run(run())


async def _connected(child: ChildProcess) -> tuple[MessageStream, asyncio.Queue[bytes | None]]:
    received: asyncio.Queue[bytes | None] = asyncio.Queue()
    stream = await MessageStream.connect(
        child.socket, received.put_nowait, lambda: received.put_nowait(None)
    )
    return stream, received


@pytest.mark.parametrize("method", METHODS)
@in_a_loop
async def test_messages_arrive_whole_and_in_order(method: StartMethod) -> None:
    child = ChildProcess("echo", echo, b">", method=method)
    stream, received = await _connected(child)
    sent = [b"", b"a", os.urandom(3_000_000), b"end"]
    for message in sent:
        stream.send(message)
    assert [await received.get() for _ in sent] == [b">" + message for message in sent]
    stream.close()
    assert await child.ended == "it exited with status 0"


@pytest.mark.parametrize("method", METHODS)
@in_a_loop
async def test_a_killed_child_is_seen_at_once(method: StartMethod) -> None:
    child = ChildProcess("echo", echo, b"", method=method)
    stream, received = await _connected(child)
    stream.send(b"ready")
    assert await received.get() == b"ready"
    os.kill(child.pid, signal.SIGSEGV)
    assert await received.get() is None
    assert await child.ended == "it was ended by SIGSEGV"
    child.kill()  # has no effect any more
    assert child.pid > 0


@in_a_loop
async def test_a_message_beyond_the_bound_ends_the_stream() -> None:
    near, far = socket.socketpair()
    ended = asyncio.Event()
    await MessageStream.connect(near, lambda _: None, ended.set)
    far.sendall((MAX_MESSAGE_BYTES + 1).to_bytes(4, "big"))
    await ended.wait()
    assert far.recv(1) == b""
    far.close()


def test_linux_forks() -> None:
    assert default_start_method() == "forkserver"
