"""The blocking client: the names of the asyncio client, run by an event loop in a thread."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal

from streamlab.client.asynchronous import STALL_TIMEOUT_S, TIMEOUT_S, AsyncClient
from streamlab.client.pictures import Frame, FrameDecoder
from streamlab.client.reconnect import Reconnect
from streamlab.client.session import Payload, Switch
from streamlab.client.stream import AsyncStream, StreamStats
from streamlab.protocol.parse import Event

Answer = TypeVar("Answer")


class Client:
    """Connects to one server. A context manager; see ``AsyncClient``."""

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        timeout_s: float = TIMEOUT_S,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._make = partial(AsyncClient, url, token, timeout_s=timeout_s, transport=transport)
        self._exit = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._portal = stack.enter_context(start_blocking_portal())
            client = self._portal.call(self._make)
            self._client = stack.enter_context(self._portal.wrap_async_context_manager(client))
            self._exit = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._exit.__exit__(kind, error, traceback)  # an error cancels the tasks still running

    def watch(
        self,
        camera: str | Sequence[str],
        channels: str = "raw",
        *,
        raw_quality: str = "medium",
        annotated_quality: str = "medium",
        detections: bool = False,
        payload: Payload = "inline",
        reconnect: Reconnect | None = None,
        stall_timeout_s: float = STALL_TIMEOUT_S,
    ) -> Stream:
        """Return the stream of a camera, or of several; see ``AsyncClient.watch``."""
        stream = self._client.watch(
            camera,
            channels,
            raw_quality=raw_quality,
            annotated_quality=annotated_quality,
            detections=detections,
            payload=payload,
            reconnect=reconnect,
            stall_timeout_s=stall_timeout_s,
        )
        return Stream(self._portal, stream)

    def cameras(self) -> list[dict[str, Any]]:
        """Return the server's cameras; see ``AsyncClient.cameras``."""
        return _run(self._portal, self._client.cameras)

    def sync_stats(self, camera_id: str, *, window_s: float = 60.0) -> dict[str, Any]:
        """Return the measured drift; see ``AsyncClient.sync_stats``."""
        return _run(self._portal, partial(self._client.sync_stats, camera_id, window_s=window_s))

    def trace(self, camera_id: str, *, seconds: float) -> Iterator[bytes]:
        """Yield a trace that the server records, in chunks; see ``AsyncClient.trace``."""
        chunks = self._client.trace(camera_id, seconds=seconds)
        try:
            while chunk := _run(self._portal, partial(anext, chunks, b"")):
                yield chunk
        finally:
            _run(self._portal, chunks.aclose)

    def update(
        self,
        camera_id: str,
        *,
        sync_policy: str | None = None,
        sync_tolerance_ms: float | None = None,
        max_playout_delay_ms: float | None = None,
        max_stale_fraction: float | None = None,
        faults: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Change a running camera; see ``AsyncClient.update``."""
        update = partial(
            self._client.update,
            camera_id,
            sync_policy=sync_policy,
            sync_tolerance_ms=sync_tolerance_ms,
            max_playout_delay_ms=max_playout_delay_ms,
            max_stale_fraction=max_stale_fraction,
            faults=faults,
        )
        return _run(self._portal, update)


class Stream:
    """Iterates over the events of one or more cameras; see ``AsyncStream``."""

    def __init__(self, portal: BlockingPortal, stream: AsyncStream) -> None:
        self._portal = portal
        self._stream = stream

    def __enter__(self) -> Self:
        self._context = self._portal.wrap_async_context_manager(self._stream)
        self._context.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._context.__exit__(kind, error, traceback)

    @property
    def stats(self) -> StreamStats:
        """The counters of the stream so far."""
        return self._stream.stats

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        """Return the next event; see ``AsyncStream.__anext__``."""
        event: Event | None = _run(self._portal, partial(anext, self._stream, None))
        if event is None:
            raise StopIteration
        return event

    def frames(self) -> Iterator[Frame]:
        """Yield decoded frames instead of events; see ``AsyncStream.frames``."""
        decoder = FrameDecoder(self._stream.inits)
        for event in self:
            yield from decoder.receive(event)

    def switch(
        self, channel: str, *, quality: str | None = None, camera_id: str | None = None
    ) -> Switch:
        """Switch to another view; see ``AsyncStream.switch``."""
        switch = partial(self._stream.switch, channel, quality=quality, camera_id=camera_id)
        return _run(self._portal, switch)

    def subscribe(
        self, channel_type: str, *, quality: str | None = None, camera_id: str | None = None
    ) -> None:
        """Add a channel; see ``AsyncStream.subscribe``."""
        add = partial(self._stream.subscribe, channel_type, quality=quality, camera_id=camera_id)
        _run(self._portal, add)

    def unsubscribe(self, channel_type: str, *, camera_id: str | None = None) -> None:
        """Remove a channel; see ``AsyncStream.unsubscribe``."""
        _run(self._portal, partial(self._stream.unsubscribe, channel_type, camera_id=camera_id))


def _run(portal: BlockingPortal, function: Callable[[], Awaitable[Answer]]) -> Answer:
    future = portal.start_task_soon(function)
    try:
        return future.result()
    except BaseException:
        future.cancel()  # Ctrl-C interrupts the wait here; end the call in the loop's thread too
        raise
