"""Every error of ours has an HTTP status and is a problem document."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import httpx
import pytest
from fastapi import FastAPI

from streamlab import errors
from streamlab.server.problems import install
from streamlab.settings import Settings

WORDS = "it went wrong"
KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.StreamlabError)
]


async def answer_to(kind: type[errors.StreamlabError]) -> httpx.Response:
    app = FastAPI()
    app.state.manager = SimpleNamespace(cameras={}, settings=Settings())
    install(app)

    @app.get("/")
    async def fail() -> None:
        words = [WORDS] if kind is errors.ConfigurationError else WORDS
        raise kind(words, hint="Do otherwise.")  # type: ignore[arg-type]

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.get("/")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_is_a_problem_document(kind: type[errors.StreamlabError]) -> None:
    response = asyncio.run(answer_to(kind))
    assert 400 <= response.status_code < 600
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == response.status_code
    assert problem["detail"] == WORDS
    assert problem["hint"] == "Do otherwise."
