"""A stream of events that continues across reconnects."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from streamlab.client.delivery import Delivery
from streamlab.client.events import with_data
from streamlab.client.feed import Feed
from streamlab.client.http import Http
from streamlab.client.pictures import Frame, FrameDecoder
from streamlab.client.problems import ServerUnreachableError, TryLaterError
from streamlab.client.reconnect import Reconnect, is_passing
from streamlab.client.session import Session, Subscription, Switch, camera_path
from streamlab.core.channels import View
from streamlab.errors import NoLongerHeldError, UnknownCameraError
from streamlab.protocol.parse import Event, Fragment, Init

MAX_WAITING_EVENTS = 8  # beyond that the socket is not read, and the server sends a gap
MAX_FETCH_ATTEMPTS = 5
NO_LONGER_HELD = "no_longer_held"


@dataclass(frozen=True, slots=True)
class StreamStats:
    """Counters of a stream so far."""

    reconnects: int
    gaps: int
    duplicates: int
    """Fragments that arrived again after a reconnect and were delivered once."""
    skipped: int
    """Fragments between a hole and the next keyframe, which were not delivered."""
    unknown_events: int
    lost: str
    """Why there is no connection at present; empty while there is one."""


@dataclass(frozen=True, slots=True)
class _Item:
    """An event, and the task that fetches its bytes if it carries only their URL."""

    event: Event
    fetching: asyncio.Task[Fragment | None] | None = None


class AsyncStream:
    """Iterates over the events of one or more cameras; ``frames`` yields decoded frames instead.

    Created by ``AsyncClient.watch``; an async context manager. Only one task may read at a time;
    waiting for the next event may be cancelled, or time out, without loss.
    """

    def __init__(
        self, http: Http, session: Session, reconnect: Reconnect, stall_timeout_s: float
    ) -> None:
        self._http = http
        self._session = session
        self._reconnect = reconnect
        self._stall_timeout_s = stall_timeout_s
        self._feed = Feed(http, session, reconnect, stall_timeout_s)
        self._delivery = Delivery()
        self._ready: deque[Event] = deque()  # from one item: a gap, if any, and the event
        self._items: asyncio.Queue[_Item | None] = asyncio.Queue()
        self._room = asyncio.Semaphore(MAX_WAITING_EVENTS)
        self._head: _Item | None = None
        self._is_over = False
        self._fetches: set[asyncio.Task[Fragment | None]] = set()
        self._inits: dict[tuple[str, str], Init] = {}

    async def __aenter__(self) -> Self:
        events = self._feed.events(await self._feed.open_first())
        self._reading = asyncio.create_task(self._read(events))
        self._reading.add_done_callback(lambda _: self._items.put_nowait(None))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        tasks = [self._reading, *self._fetches]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def stats(self) -> StreamStats:
        """The counters of the stream so far."""
        counts = self._feed.counts + self._delivery.counts
        return StreamStats(
            counts["reconnects"],
            counts["gaps"],
            counts["duplicates"],
            counts["skipped"],
            counts["unknown"],
            self._feed.lost,
        )

    @property
    def inits(self) -> list[Init]:
        """The newest ``init`` event of each camera and channel."""
        return list(self._inits.values())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        """Return the next event. The iteration ends once every camera has sent its ``end``.

        Raises the error with which the server refuses a reconnect, or the last error once
        reconnecting is given up, such as ServerUnreachableError.
        """
        while not self._ready:
            self._head = self._head or await self._next_item()
            self._ready.extend(await self._complete(self._head))
            self._head = None
        event = self._ready.popleft()
        if isinstance(event, Init):
            self._inits[event.camera_id, event.channel] = event
        return event

    async def frames(self) -> AsyncGenerator[Frame, None]:
        """Yield decoded frames instead of events, from the next keyframe of each channel on.

        Decoding runs in a worker thread and does not block the event loop.
        """
        decoder = FrameDecoder(self.inits)
        async for event in self:
            if isinstance(event, Fragment):
                for frame in await asyncio.to_thread(decoder.receive, event):
                    yield frame
            else:
                decoder.receive(event)

    async def switch(
        self, channel: str, *, quality: str | None = None, camera_id: str | None = None
    ) -> Switch:
        """Switch to another view within the running connection.

        Args:
            channel: the name of a channel, ``both``, or names joined by commas.
            quality: quality of the new view; None leaves each channel's quality unchanged.
            camera_id: required if the stream has several cameras.

        Raises:
            SwitchTimeoutError: the new channel has no keyframe in time; the old one continues.
            InvalidRequestError: the view, quality or camera is invalid.
            ServerUnreachableError: the server does not answer, or the stream is not connected.
        """
        name = self._session.one_camera(camera_id)
        body = {"new_channel": View(channel), "connection_id": await self._connection(name)}
        answer = await self._http.ask(
            "POST",
            f"{camera_path(name)}/switch",
            body={**body, **({"quality": quality} if quality else {})},
        )
        done = Switch(
            answer["channel"],
            answer["quality"],
            answer["previous_channel"],
            answer["at_pts"],
            answer["switch_ms"],
        )
        self._session.receive_switch(name, done, quality)
        return done

    async def subscribe(
        self, channel_type: str, *, quality: str | None = None, camera_id: str | None = None
    ) -> None:
        """Add a channel, or ``detections``, to the stream. Raises as ``switch``."""
        await self._subscribe(Subscription(True, channel_type, quality), camera_id)

    async def unsubscribe(self, channel_type: str, *, camera_id: str | None = None) -> None:
        """Remove a channel, or ``detections``, from the stream. Raises as ``switch``."""
        await self._subscribe(Subscription(False, channel_type), camera_id)

    async def _subscribe(self, subscription: Subscription, camera_id: str | None) -> None:
        name = self._session.one_camera(camera_id)
        await self._connection(name)
        await self._feed.subscribe(name, subscription)
        self._session.receive_subscription(name, subscription)

    async def _connection(self, camera_id: str) -> str:
        """Wait for the camera's connection; return its id. Raises ServerUnreachableError."""
        try:
            async with asyncio.timeout(self._http.timeout_s):
                return await self._feed.connection(camera_id)
        except TimeoutError:
            raise ServerUnreachableError(
                f"the stream is not connected: {self._feed.lost or 'no answer yet'}",
                hint="With several cameras, read on until this one's `connected` event.",
            ) from None

    async def _read(self, events: AsyncGenerator[Event, None]) -> None:
        async with aclosing(events):
            async for event in events:
                fetching = None
                if isinstance(event, Fragment) and event.url:
                    fetching = asyncio.create_task(self._fetch(event))
                    self._fetches.add(fetching)
                    fetching.add_done_callback(self._fetches.discard)
                await self._room.acquire()
                self._items.put_nowait(_Item(event, fetching))

    async def _next_item(self) -> _Item:
        item = None if self._is_over else await self._items.get()
        if item is not None:
            self._room.release()
            return item
        self._is_over = True
        if not self._reading.cancelled():
            self._reading.result()  # raises the error that ended the stream, if any
        raise StopAsyncIteration

    async def _complete(self, item: _Item) -> list[Event]:
        """Return the events to deliver for this item, once its bytes are fetched."""
        if item.fetching is None:
            return self._delivery.receive(item.event)
        await asyncio.wait({item.fetching})
        fragment = item.fetching.result()
        if fragment is not None:
            return self._delivery.receive(fragment)
        assert isinstance(item.event, Fragment)
        self._delivery.receive_missing(item.event, NO_LONGER_HELD)
        return []

    async def _fetch(self, fragment: Fragment) -> Fragment | None:
        """Return the fragment with its bytes, or None if they cannot be fetched."""
        try:
            attempts = self._reconnect.attempts(is_passing, MAX_FETCH_ATTEMPTS)
            asked = fragment.url, self._session.path, self._stall_timeout_s
            data: bytes = await attempts(self._http.fetch, *asked)
            return with_data(fragment, data)
        except (NoLongerHeldError, UnknownCameraError, ServerUnreachableError, TryLaterError):
            return None
