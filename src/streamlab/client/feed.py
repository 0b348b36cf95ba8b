"""Yields the events of a stream's successive connections."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

import httpx

from streamlab.client.events import read_event
from streamlab.client.http import Http, read_events
from streamlab.client.problems import ServerUnreachableError, TryLaterError
from streamlab.client.reconnect import Failures, Reconnect, is_full
from streamlab.client.session import Session, Subscription, camera_path
from streamlab.errors import UnknownConnectionError
from streamlab.protocol.parse import Connected, Event


class Feed:
    """Connects, reads and reconnects, until the server ends the stream or refuses it."""

    def __init__(
        self, http: Http, session: Session, reconnect: Reconnect, stall_timeout_s: float
    ) -> None:
        self.session = session
        self.counts: Counter[str] = Counter()
        """``reconnects`` and ``unknown`` (events)."""
        self.lost = ""
        """Why there is no connection at present; empty while there is one."""
        self._greeted = {camera_id: asyncio.Event() for camera_id in session.cameras}
        self._http = http
        self._reconnect = reconnect
        self._stall_timeout_s = stall_timeout_s

    async def open_first(self) -> httpx.Response:
        """Open the first connection. Retries only while the server is full.

        Raises the error that the server answers with, or ServerUnreachableError.
        """
        try:
            response: httpx.Response = await self._reconnect.attempts(is_full)(self._open)
        except TryLaterError as error:
            raise error.problem from error
        return response

    async def events(self, response: httpx.Response) -> AsyncGenerator[Event, None]:
        """Yield events, first from this open connection, then from those after each reconnect.

        Raises as ``open_first``.
        """
        connection: httpx.Response | None = response
        failures = Failures(self._reconnect)
        while True:
            try:
                if connection is None:
                    connection = await self._open()
                    self.counts["reconnects"] += 1
                self.lost = ""
                async with aclosing(self._read(connection)) as events:
                    async for event in events:
                        if not isinstance(event, Connected):
                            failures.end()
                        yield event
                failure: Exception = self._closed()
            except (ServerUnreachableError, TryLaterError) as error:
                failure = error
            if self.session.is_over:
                return
            connection, self.lost = None, str(failure)
            for greeted in self._greeted.values():
                greeted.clear()
            await failures.wait(failure)

    async def connection(self, camera_id: str) -> str:
        """Wait until the camera is connected; return the id of its connection."""
        await self._greeted[camera_id].wait()
        return self.session.cameras[camera_id].connection_id

    async def subscribe(self, camera_id: str, subscription: Subscription) -> None:
        """Add a channel to the camera's connection, or remove it. Raises as ``Http.ask``."""
        path = f"{camera_path(camera_id)}/subscribe"
        values = {
            "connection_id": self.session.cameras[camera_id].connection_id,
            "channel_type": subscription.channel_type,
        }
        if not subscription.wanted:
            await self._http.ask("DELETE", path, query=values)
        else:
            quality = {"quality": subscription.quality} if subscription.quality else {}
            await self._http.ask("POST", path, body={**values, **quality})

    async def _open(self) -> httpx.Response:
        session = self.session
        query, headers = session.next_query(), session.next_headers()
        return await self._http.open(session.path, query, headers, self._stall_timeout_s)

    async def _read(self, response: httpx.Response) -> AsyncGenerator[Event, None]:
        default_id = "" if self.session.multiplexed else next(iter(self.session.cameras))
        async with aclosing(read_events(response)) as sent:
            async for text in sent:
                if not text.data:
                    continue
                event = read_event(text.event, text.data, default_id)
                if event is None:
                    self.counts["unknown"] += 1
                    continue
                given = self.session.receive(event, text.id)
                if given is not None:
                    yield given
                if isinstance(given, Connected) and given.camera_id in self._greeted:
                    await self._complete(given.camera_id)
                    self._greeted[given.camera_id].set()

    async def _complete(self, camera_id: str) -> None:
        """Send the subscriptions that the query of a new connection could not express."""
        with suppress(UnknownConnectionError):  # already lost again; reading on reports it
            for subscription in self.session.missing_subscriptions(camera_id):
                await self.subscribe(camera_id, subscription)

    def _closed(self) -> ServerUnreachableError:
        return ServerUnreachableError(
            f"{self._http.url} closed the stream without giving a reason",
            hint="Servers do this when the client does not read for a long time.",
        )
