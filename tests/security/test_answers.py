"""A client reads what a hostile server sends within bounds, and names it a protocol error."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.client import AsyncClient, ProtocolError, RefusedError
from streamlab.client.bounds import BoundedEvents
from streamlab.client.mp4 import frames_data
from streamlab.client.problems import MAX_RETRY_AFTER_S, problem_of, retry_after_s
from streamlab.core.mp4.box import box, full_box
from streamlab.protocol.parse import parse_event
from tests.fakes.scripted_server import Answer, ScriptedServer

JSON = {"Content-Type": "application/json"}


def ask(answer: Answer) -> None:
    async def scenario() -> None:
        with ScriptedServer([answer]) as server:
            async with AsyncClient(server.url) as client:
                await client.cameras()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 500_000,
        b'{"cameras": ' * 100_000,
        b'{"cameras": [' + b"9" * 5000 + b"]}",
        b'{"cameras": [1e999999999]}',
        b'{"cameras": ["\\ud800"]}',
        b'{"cameras": NaN}',
        b"\xff\xfe",
    ],
    ids=["brackets", "braces", "digits", "exponent", "surrogate", "nan", "utf-16"],
)
def test_an_answer_that_is_not_json_is_a_protocol_error(body: bytes) -> None:
    with pytest.raises(ProtocolError, match="JSON"):
        ask(Answer(200, JSON, body))


def test_a_problem_that_cannot_be_read_is_still_a_refusal() -> None:
    with pytest.raises(RefusedError, match="409"):
        ask(Answer(409, {"Content-Type": "application/problem+json"}, b"[" * 500_000))


@pytest.mark.parametrize("status", [200, 409])
def test_an_answer_has_a_bound(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    monkeypatch.setattr("streamlab.client.bounds.MAX_ANSWER_BYTES", 2000)
    with pytest.raises(ProtocolError, match="2000 bytes"):
        ask(Answer(status, JSON, b'"' + b"a" * 200_000))


def test_an_answer_is_not_decompressed() -> None:
    bomb = gzip.compress(bytes(10_000_000))
    with pytest.raises(ProtocolError, match="compressed"):
        ask(Answer(200, {**JSON, "Content-Encoding": "gzip"}, bomb))


def test_an_event_of_many_lines_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamlab.client.bounds.MAX_EVENT_BYTES", 2000)
    with pytest.raises(ProtocolError, match="2000 bytes"):
        asyncio.run(_read([b"data: aaaa\n"] * 1000))


@given(st.sampled_from([b"\n\n", b"\r\n\r\n", b"\r\r"]), st.integers(1, 50), st.integers(100, 2000))
def test_events_within_the_bound_are_passed_on(blank: bytes, size: int, count: int) -> None:
    sent = (b"data: aaaa" + blank) * count
    chunks = [sent[start : start + size] for start in range(0, len(sent), size)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("streamlab.client.bounds.MAX_EVENT_BYTES", 100)
        assert asyncio.run(_read(chunks)) == sent


async def _read(chunks: list[bytes]) -> bytes:
    class Chunks(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            for chunk in chunks:
                yield chunk

    return b"".join([chunk async for chunk in BoundedEvents(Chunks())])


@pytest.mark.parametrize(
    "value", ["9" * 400, "9" * 5000, "9" * 20, "Fri, 31 Dec 9999 23:59:59 GMT", "1e999", "\u00b2"]
)
def test_a_server_cannot_ask_for_a_wait_without_end(value: str) -> None:
    headers = {b"Retry-After": value.encode("latin-1")}
    assert retry_after_s(httpx.Response(429, headers=headers)) <= MAX_RETRY_AFTER_S


@given(st.binary(max_size=200))
def test_any_problem_is_an_error_of_ours(body: bytes) -> None:
    headers = {"Content-Type": "application/problem+json"}
    request = httpx.Request("GET", "http://localhost/cameras")
    assert str(problem_of(httpx.Response(409, headers=headers, content=body, request=request)))


def test_a_fragment_of_millions_of_frames_is_refused() -> None:
    tfhd = full_box(b"tfhd", 0, 0x020010, bytes(4), bytes(4))
    trun = full_box(b"trun", 0, 0, (20_000).to_bytes(4, "big"))
    moof = box(b"moof", box(b"traf", tfhd, trun))
    with pytest.raises(ProtocolError, match="20000 frames"):
        frames_data(moof + box(b"mdat", bytes(30_000)))


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"encoder":' * 100_000, '{"server_time":' + "9" * 5000 + "}", "\ud800"]
)
def test_an_event_that_cannot_be_read_is_a_protocol_error(text: str) -> None:
    for name in ("heartbeat", "health"):
        with pytest.raises(ProtocolError):
            parse_event(name, text)
