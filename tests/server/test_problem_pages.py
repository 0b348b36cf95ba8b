"""Problem documents are pages for people, and documents for everybody else."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from starlette.types import ASGIApp

from streamlab.media.spec import SourcePolicy
from streamlab.server.app import create_app
from streamlab.server.problems import MEDIA_TYPE
from streamlab.settings import Settings
from streamlab.viewers import StreamChannelManager

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
TOKEN = "watching-1"


def get(path: str, accept: str, **settings: object) -> httpx.Response:
    """Ask an app without cameras."""

    async def ask() -> httpx.Response:
        manager = StreamChannelManager(Settings(**settings))  # type: ignore[arg-type]
        app: ASGIApp = create_app(manager, SourcePolicy(frozenset()))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get(path, headers={"Accept": accept})

    return asyncio.run(ask())


def test_a_browser_is_told_in_words_what_was_not_found() -> None:
    response = get("/no/<b>such</b>", BROWSER)
    assert response.status_code == 404
    assert response.headers["content-type"].startswith("text/html")
    assert response.headers["vary"] == "Accept"
    assert "There is nothing at /no/&lt;b&gt;such&lt;/b&gt; on this server." in response.text
    assert 'href="/"' in response.text
    assert "urn:" not in response.text


@pytest.mark.parametrize("accept", ["*/*", "application/json", "", "text/event-stream"])
def test_others_get_the_document(accept: str) -> None:
    response = get("/no/such/page", accept)
    assert response.status_code == 404
    assert response.headers["content-type"] == MEDIA_TYPE
    assert response.json()["status"] == 404


def test_who_has_no_token_is_told_how_to_give_one() -> None:
    response = get("/cameras", BROWSER, tokens=[TOKEN])
    assert response.status_code == 401
    assert "www-authenticate" in response.headers
    assert "?access_token=TOKEN" in response.text
    assert "Bearer" not in response.text
    assert TOKEN not in response.text


def test_links_keep_the_token() -> None:
    response = get(f"/nowhere?access_token={TOKEN}", BROWSER, tokens=[TOKEN])
    assert response.status_code == 404
    assert f'href="/?access_token={TOKEN}"' in response.text


def test_what_is_no_problem_is_left_alone() -> None:
    assert get("/healthz", BROWSER).json() == {"status": "ok"}
    assert get("/", BROWSER).headers["content-type"].startswith("text/html")
