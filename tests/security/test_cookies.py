"""A browser sends the cookies of every server of a host: they neither hide a token nor harm."""

from __future__ import annotations

import asyncio
from functools import cache

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from streamlab.media.spec import SourcePolicy
from streamlab.server.app import create_app
from streamlab.settings import Settings
from streamlab.tokens import Token
from streamlab.viewers import StreamChannelManager

TOKEN, OTHER = "watch-0123456789", "admin-0123456789/+="
VALID = f"streamlab_token={TOKEN}".encode()
FOREIGN = [
    b"a:b=c", b"expires=x", b"path", b'{"a":1}', b"a b=c", b"=", b"==", b"\xff=\xfe", b'"', b'x="',
    b"streamlab_token=", b"streamlab_token", b"streamlab_token=another-0123456789",
    b'streamlab_token="', b"streamlab_token=\xff", b"Version=1", b"\xe2\x82\xac=1", b",", b"a[=1",
]  # fmt: skip


@cache
def served() -> FastAPI:
    settings = Settings(
        tokens=[Token(token=SecretStr(TOKEN))],
        admin_tokens=[Token(token=SecretStr(OTHER))],
        allowed_hosts=["server"],
    )
    return create_app(StreamChannelManager(settings), SourcePolicy(frozenset()))


async def get_all(cookies: list[list[bytes]], query: str = "") -> list[int]:
    """Return the status of a request with each list of ``Cookie`` headers."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(served())) as client:
        return [
            (
                await client.get(
                    f"http://server/cameras{query}",
                    headers=[(b"Cookie", line) for line in lines],
                )
            ).status_code
            for lines in cookies
        ]


def test_no_foreign_cookie_hides_the_token() -> None:
    beside = [[b"; ".join(pair)] for each in FOREIGN for pair in ((each, VALID), (VALID, each))]
    apart = [lines for each in FOREIGN for lines in ([each, VALID], [VALID, each])]
    assert set(asyncio.run(get_all(beside + apart))) == {200}


def test_a_foreign_cookie_is_no_token() -> None:
    assert set(asyncio.run(get_all([[each] for each in FOREIGN]))) == {401}


def test_a_foreign_cookie_beside_a_token_in_the_query() -> None:
    lines = [[each] for each in FOREIGN]
    assert set(asyncio.run(get_all(lines, f"?access_token={TOKEN}"))) == {200}
    assert set(asyncio.run(get_all(lines, "?access_token=wrong-0123456789"))) == {403}


@given(st.lists(st.binary(max_size=20).map(lambda text: text.replace(b";", b"")), max_size=4))
def test_whatever_is_beside_it(others: list[bytes]) -> None:
    lines = [b"; ".join([*others, VALID]), b"; ".join([VALID, *others])]
    assert asyncio.run(get_all([[line] for line in lines])) == [200, 200]


@pytest.mark.parametrize("quoted", [VALID, f'streamlab_token="{TOKEN}"'.encode(), VALID + b" "])
def test_ways_to_write_it(quoted: bytes) -> None:
    assert asyncio.run(get_all([[quoted]])) == [200]
