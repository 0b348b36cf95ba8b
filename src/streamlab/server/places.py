"""Bounds what is held for long beside streams: ``GET /events``, and the dashboard.

Rules:

- there are ``MAX_HELD`` readers of events, as many websockets, and ``MAX_PAGES`` pages of the
  dashboard that are being made, each of which takes a good part of a second. One client holds at
  most half of each kind. Beyond that are 503 and 429;
- clients of this machine share one address with each other and with proxies that do not name
  theirs, so that only the first limit holds for them;
- messages of a websocket are read at a bounded rate. One that sends more is slowed down, not cut.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streamlab.clock import monotonic_ns
from streamlab.core.time.timebase import NS_PER_S
from streamlab.errors import LimitError, ServerFullError
from streamlab.server.clients import limited_client_of
from streamlab.server.prefix import route_path
from streamlab.server.problems import problem
from streamlab.server.refusal import refuse

EVENTS = "/events"
MAX_HELD, MAX_PAGES = 32, 8
MESSAGES_PER_S, MESSAGES_AT_ONCE = 100, 400
BURST_NS = MESSAGES_AT_ONCE * NS_PER_S // MESSAGES_PER_S
MESSAGE_BYTES = 16_384  # a longer message counts as several


class Places:
    """The places of one kind, and who holds them."""

    def __init__(self, what: str, most: int = MAX_HELD) -> None:
        self._what = what
        self._most = most
        self._held = 0
        self._of_client: Counter[str] = Counter()

    def take(self, client: str) -> None:
        """Take a place; '' is a client without a limit of its own.

        Raises ServerFullError or LimitError if there is none.
        """
        hint = "Try again when some have closed."
        if self._held >= self._most:
            raise ServerFullError(f"there are already {self._held} {self._what}", hint=hint)
        of_client = self._of_client[client]
        if client and of_client >= math.ceil(self._most / 2):
            raise LimitError(f"this client has {of_client} {self._what} already", hint=hint)
        self._held += 1
        self._of_client[client] += 1

    def give_back(self, client: str) -> None:
        """Give a place back."""
        self._held -= 1
        self._of_client[client] -= 1
        if not self._of_client[client]:
            del self._of_client[client]


class Pace:
    """When the next message may be taken (the generic cell rate algorithm)."""

    def __init__(self, now_ns: int) -> None:
        self._due_ns = now_ns - BURST_NS

    def receive_message(self, length: int, now_ns: int) -> float:
        """Count a message; return for how long to wait before the next one, s."""
        cost_ns = (1 + length // MESSAGE_BYTES) * NS_PER_S // MESSAGES_PER_S
        self._due_ns = max(self._due_ns, now_ns - BURST_NS) + cost_ns
        return max(0, self._due_ns - now_ns) / NS_PER_S


class HeldPlaces:
    """ASGI middleware that admits what holds a place, and slows down websockets that flood."""

    def __init__(
        self, app: ASGIApp, pages: Iterable[str] = (), *, max_held: int = MAX_HELD
    ) -> None:
        """Bound what ``app`` serves; ``pages`` are the paths of pages that take long to make."""
        self._app = app
        self._page_paths = frozenset(pages)
        self._pages = Places("pages being made", MAX_PAGES)
        self._followers = Places("readers of /events", max_held)
        self._websockets = Places("websockets", max_held)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or refuse it."""
        if scope["type"] == "websocket":
            places, receive = self._websockets, _paced(receive)
        elif scope["type"] == "http" and route_path(scope) == EVENTS:
            places = self._followers
        elif scope["type"] == "http" and route_path(scope).rstrip("/") in self._page_paths:
            places = self._pages
        else:
            await self._app(scope, receive, send)
            return
        try:
            places.take(client := limited_client_of(scope))
        except (ServerFullError, LimitError) as error:
            is_full = isinstance(error, ServerFullError)
            status, title = (503, "Server full") if is_full else (429, "Limit")
            response = problem(status, title, error.message, error.hint)
            await refuse(scope, receive, send, response)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            places.give_back(client)


def _paced(receive: Receive) -> Receive:
    """Return a ``receive`` that waits while messages come faster than the pace."""
    pace = Pace(monotonic_ns())

    async def receive_paced() -> Message:
        message = await receive()
        length = len(message.get("bytes") or message.get("text") or "")
        wait_s = pace.receive_message(length, monotonic_ns())
        if wait_s:
            await asyncio.sleep(wait_s)
        return message

    return receive_paced
