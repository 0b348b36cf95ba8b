"""What a server is given to mount: it is there, and for those who may change cameras."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from pydantic import SecretStr
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

from streamlab.media.spec import SourcePolicy
from streamlab.server.app import create_app
from streamlab.settings import Settings
from streamlab.tokens import Token
from streamlab.viewers import ChannelSubscriptionManager, StreamChannelManager

WATCH, CHANGE = SecretStr("watch-0123456789"), SecretStr("change-0123456789")


def mount(
    manager: StreamChannelManager, subscriptions: ChannelSubscriptionManager, policy: SourcePolicy
) -> ASGIApp:
    return PlainTextResponse("here")


@pytest.mark.parametrize(("token", "status"), [(None, 401), (WATCH, 403), (CHANGE, 200)])
def test_what_is_mounted_takes_an_admin_token(token: SecretStr | None, status: int) -> None:
    async def get() -> httpx.Response:
        manager = StreamChannelManager(
            Settings(
                tokens=[Token(token=WATCH)],
                admin_tokens=[Token(token=CHANGE)],
                allowed_hosts=["server"],
            )
        )
        app = create_app(manager, SourcePolicy(frozenset()), {"/extra": mount})
        headers = {"Authorization": f"Bearer {token.get_secret_value()}"} if token else {}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
            return await client.get("http://server/extra/", headers=headers)

    assert asyncio.run(get()).status_code == status


def test_nothing_is_mounted_that_was_not_given() -> None:
    async def get() -> httpx.Response:
        app = create_app(
            StreamChannelManager(Settings(allowed_hosts=["server"])), SourcePolicy(frozenset())
        )
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
            return await client.get("http://server/dashboard/")

    assert asyncio.run(get()).status_code == 404
