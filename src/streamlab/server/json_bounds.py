"""Parses the JSON of requests within bounds, before FastAPI sees it.

The standard library's parser accepts what JSON does not (``NaN``, lone surrogates) and integers of
4,300 digits, and FastAPI runs it in the event loop whatever the length. Rules:

- members, items and levels of nesting are bounded by counting the bytes that begin one, in
  strings as well, before anything is parsed;
- a body longer than ``MAX_INLINE_BYTES`` is parsed in a thread;
- what cannot be parsed is a problem with status 422. How long a body may be is not decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import HTTPException, Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from streamlab.protocol.plain_json import parse_json

MAX_INLINE_BYTES = 16_384
MAX_VALUES = 4_000


class BoundedRoute(APIRoute):
    """A route whose body, if it has one, is parsed within bounds."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler of FastAPI, given a request that parses its own JSON."""
        handle = super().get_route_handler()

        async def handle_bounded(request: Request) -> Response:
            return await handle(_BoundedRequest(request.scope, request.receive))

        return handle if self.body_field is None else handle_bounded


class _BoundedRequest(Request):
    async def json(self) -> Any:
        body = await self.body()
        if len(body) > MAX_INLINE_BYTES:
            return await run_in_threadpool(parse_bounded, body)
        return parse_bounded(body)


def parse_bounded(body: bytes) -> Any:
    """Parse a body. Raises HTTPException with status 422."""
    opened = body.count(b"[") + body.count(b"{")
    if body.count(b",") + opened > MAX_VALUES:
        raise HTTPException(422, f"the JSON has more than {MAX_VALUES} values")
    try:
        return parse_json(body)
    except ValueError as error:
        raise HTTPException(422, f"the body is not JSON: {error}") from None
