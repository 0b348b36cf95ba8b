"""What a connection may take: time and bytes for a head and a body, on virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from streamlab.server.connection_bounds import (
    BODY_S,
    HEAD_S,
    MAX_HEAD_BYTES,
    MAX_PIPELINED,
    REST_S,
    UNREAD_S,
)
from streamlab.server.transport import LineProtocol
from tests.viewers.virtual import VirtualTime

from .connection import Connection

HEAD = b"GET / HTTP/1.1\r\nHost: a\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
Scenario = Callable[[], Coroutine[Any, Any, None]]


def on_virtual_time(scenario: Scenario) -> Callable[[], None]:
    def test() -> None:
        VirtualTime().run(scenario)

    return test


async def answering(scope: Any, receive: Any, send: Any) -> None:
    """Read the body and answer."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        if not message["more_body"]:
            break
    await ignoring(scope, receive, send)


async def ignoring(scope: Any, receive: Any, send: Any) -> None:
    """Answer without reading the body."""
    headers = [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})


async def streaming(scope: Any, receive: Any, send: Any) -> None:
    """Begin an answer that never ends."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"begun", "more_body": True})
    while (await receive())["type"] != "http.disconnect":
        pass


@on_virtual_time
async def test_a_connection_that_sends_nothing_is_closed() -> None:
    silent = Connection(answering)
    await asyncio.sleep(HEAD_S * 0.9)
    assert not silent.is_closed()
    await asyncio.sleep(HEAD_S * 0.2)
    assert silent.is_closed()
    assert silent.statuses == []


@on_virtual_time
async def test_a_head_that_trickles_in_is_refused_in_time() -> None:
    slow = Connection(answering)
    for number in range(100):
        await slow.send(HEAD if number == 0 else b"X: y\r\n")
        await asyncio.sleep(HEAD_S / 50)
    assert slow.statuses == [408]
    assert slow.is_closed()


@on_virtual_time
async def test_the_next_head_has_as_long_as_the_first() -> None:
    kept = Connection(answering)
    for _ in range(5):
        await kept.send(HEAD)
        await asyncio.sleep(HEAD_S * 0.9)
        await kept.send(b"\r\n")
    assert kept.statuses == [200] * 5
    await kept.send(b"G")
    await asyncio.sleep(HEAD_S + REST_S + 1)
    assert kept.statuses[5:] == [408]
    assert kept.is_closed()


@on_virtual_time
async def test_a_connection_between_requests_is_closed() -> None:
    for blank in (b"", b"\r\n"):
        idle = Connection(answering)
        await idle.send(HEAD + b"\r\n")
        for _ in range(40):
            await idle.send(blank)
            await asyncio.sleep(1)
        assert idle.statuses == [200]
        assert idle.is_closed()


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_body_that_trickles_in_is_refused_in_time(framing: str) -> None:
    async def scenario() -> None:
        slow = Connection(answering)
        await slow.send(CHUNKED if framing == "chunked" else POST + b"Content-Length: 99\r\n\r\n")
        for _ in range(50):
            await slow.send(b"1\r\nx\r\n" if framing == "chunked" else b"x")
            await asyncio.sleep(BODY_S / 25)
        assert slow.statuses == [408]
        assert slow.is_closed()

    VirtualTime().run(scenario)


@on_virtual_time
async def test_the_rest_of_a_body_that_nobody_wants_is_not_waited_for() -> None:
    late = Connection(ignoring)
    await late.send(POST + b"Content-Length: 1000000\r\n\r\n")
    assert late.statuses == [200]
    while not late.is_closed():
        await late.send(b"x" * 1000)
        await asyncio.sleep(REST_S / 10)
    assert late.protocol.cycle.body == b""


@on_virtual_time
async def test_a_stream_lasts() -> None:
    stream = Connection(streaming)
    await stream.send(HEAD + b"\r\n")
    await asyncio.sleep(100 * (HEAD_S + BODY_S + UNREAD_S))
    assert not stream.is_closed()
    assert stream.statuses == [200]
    stream.protocol.connection_lost(None)


LONG = b"x" * (MAX_HEAD_BYTES + 1)
TOO_LONG = {
    "url": b"GET /" + LONG + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "one header": HEAD + b"X: " + LONG + b"\r\n\r\n",
    "many headers": HEAD + b"X: y\r\n" * (MAX_HEAD_BYTES // 6) + b"\r\n",
    "a name": HEAD + LONG + b": y\r\n\r\n",
    "unfinished": HEAD + b"X: " + LONG,
    "trailers": CHUNKED + b"1\r\nx\r\n0\r\n" + b"X: y\r\n" * (MAX_HEAD_BYTES // 6) + b"\r\n",
    "one trailer": CHUNKED + b"0\r\nX: " + LONG,
    "chunk extension": CHUNKED + b"1;x=" + LONG,
}


@pytest.mark.parametrize("kind", TOO_LONG)
@pytest.mark.parametrize("step", [100, 10_000, 1_000_000])
def test_a_head_is_bounded_however_it_comes(kind: str, step: int) -> None:
    async def scenario() -> None:
        long = Connection(answering)
        for start in range(0, len(TOO_LONG[kind]), step):
            await long.send(TOO_LONG[kind][start : start + step])
        assert long.statuses[-1] == 431
        assert b"problem+json" in long.transport.written
        await asyncio.sleep(REST_S + 1)
        assert long.is_closed()

    VirtualTime().run(scenario)


@on_virtual_time
async def test_a_long_body_is_not_a_long_head() -> None:
    for data in (
        POST + b"Content-Length: 900000\r\n\r\n" + b"x" * 900_000,
        CHUNKED + b"1\r\nx\r\n" * 100_000 + b"0\r\nX: y\r\n\r\n",
    ):
        for step in (1000, 300_000):
            long = Connection(answering)
            for start in range(0, len(data), step):
                await long.send(data[start : start + step])
            assert long.statuses == [200]


@on_virtual_time
async def test_trailers_do_not_change_the_headers_of_a_running_request() -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await answering(scope, receive, send)
        seen.extend(name for name, _ in scope["headers"])

    connection = Connection(app)
    await connection.send(CHUNKED + b"0\r\nAuthorization: Bearer x\r\n\r\n")
    assert seen == [b"host", b"transfer-encoding"]


@on_virtual_time
async def test_requests_that_wait_for_an_earlier_one_are_bounded() -> None:
    few, many = Connection(streaming), Connection(streaming)
    await few.send((HEAD + b"\r\n") * MAX_PIPELINED)
    assert not few.is_closed()
    await many.send((HEAD + b"\r\n") * 10_000)
    assert many.is_closed()
    assert len(many.protocol.pipeline) <= MAX_PIPELINED
    for each in (few, many):
        each.protocol.connection_lost(None)


@on_virtual_time
async def test_of_too_many_that_wait_the_first_is_cut() -> None:
    protocol = LineProtocol.with_at_most(3)
    stream = Connection(streaming, protocol)
    await stream.send(HEAD + b"\r\n")
    waiting = [Connection(answering, protocol) for _ in range(3)]
    await waiting[0].send(POST + b"Content-Length: 9\r\n\r\n")
    last = Connection(answering, protocol)
    assert [each.is_closed() for each in (*waiting, last)] == [True, False, False, False]
    await waiting[1].send(HEAD + b"\r\n")  # waits again from now on
    Connection(answering, protocol)
    assert [each.is_closed() for each in (*waiting, last)] == [True, False, True, False]
    assert waiting[1].statuses == [200]
    assert not stream.is_closed()
    assert len(protocol.waiting) == 3
    stream.protocol.connection_lost(None)


@on_virtual_time
async def test_a_client_that_does_not_read_its_answer_is_cut() -> None:
    reading, stuck = Connection(answering), Connection(answering)
    stuck.transport.unread = 1000
    for each in (reading, stuck):
        await each.send(HEAD + b"Connection: close\r\n\r\n")
        each.transport.closed = False  # closing waits for what is unsent
    await asyncio.sleep(UNREAD_S + 1)
    assert (reading.is_closed(), stuck.is_closed()) == (False, True)


@on_virtual_time
async def test_garbage_is_a_problem_and_does_not_cut_into_an_answer() -> None:
    garbage = Connection(answering)
    await garbage.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
    assert garbage.statuses == [400]
    stream = Connection(streaming)
    await stream.send(HEAD + b"\r\n")
    await stream.send(b"\x00\x00")
    assert stream.statuses == [200]
    assert stream.is_closed()
    stream.protocol.connection_lost(None)
