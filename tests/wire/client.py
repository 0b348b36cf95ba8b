"""A protocol client written from the protocol page alone; it imports nothing of streamlab."""

from __future__ import annotations

import base64
import socket
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx

from .picture import TICKS_PER_SECOND
from .sse import Event, EventParser

READ_TIMEOUT_S = 300.0  # ends what hangs


@dataclass(frozen=True, slots=True)
class Init:
    """An `init` event."""

    channel: str
    quality: str
    init_id: str
    codec: str
    width: int
    height: int
    fps: float
    data: bytes


@dataclass(frozen=True, slots=True)
class Fragment:
    """A `fragment` event; `index` is its place in the stream's log."""

    index: int
    event_id: str
    channel: str
    quality: str
    sequence: int
    init_id: str
    pts: int
    duration: int
    keyframe: bool
    cached: bool
    captured_at: float
    released_at: float
    arrived_at: float
    frames: list[dict[str, Any]]
    data: bytes
    url: str

    @property
    def end_pts(self) -> int:
        """Where the next fragment begins, in ticks."""
        return self.pts + self.duration


def read_init(event: Event) -> Init:
    data = event.data
    return Init(
        data["channel"],
        data["quality"],
        str(data["init_id"]),
        data["codec"],
        data["width"],
        data["height"],
        data["fps"],
        base64.b64decode(data["data"], validate=True),
    )


def read_fragment(index: int, event: Event) -> Fragment:
    data = event.data
    return Fragment(
        index=index,
        event_id=event.event_id,
        channel=data["channel"],
        quality=data["quality"],
        sequence=data["sequence"],
        init_id=str(data["init_id"]),
        pts=data["pts"],
        duration=data["duration"],
        keyframe=data["keyframe"],
        cached=data["cached"],
        captured_at=data["captured_at"],
        released_at=data["released_at"],
        arrived_at=event.arrived_at,
        frames=data["frames"],
        data=base64.b64decode(data.get("data", ""), validate=True),
        url=data.get("url", ""),
    )


class StreamEndedError(EOFError):
    """The server closed the stream though more was expected."""


class Stream:
    """One connection. Every event that was read stays in `log`, in order of arrival.

    Use it as a context manager; entering it reads the first event. With a small
    `receive_buffer_bytes` the server soon feels that nobody reads.
    """

    def __init__(
        self,
        server_url: str,
        path: str = "/streams/sse/street/dual",
        headers: dict[str, str] | None = None,
        receive_buffer_bytes: int | None = None,
        **query: str | list[str],
    ) -> None:
        self.log: list[Event] = []
        options = [(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes or 0)]
        transport = httpx.HTTPTransport(socket_options=options if receive_buffer_bytes else None)
        self._http = httpx.Client(base_url=server_url, timeout=READ_TIMEOUT_S, transport=transport)
        request = self._http.build_request("GET", path, params=query, headers=headers)
        self.response = self._http.send(request, stream=True)
        self._events = self._read()

    def __enter__(self) -> Self:
        if self.response.status_code != 200:
            self.response.read()
            self.close()
            raise AssertionError(f"{self.response.status_code}: {self.response.text}")
        self.next_event()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._events.close()
        self.response.close()
        self._http.close()

    def _read(self) -> Generator[Event]:
        parser = EventParser()
        for piece in self.response.iter_bytes():
            yield from parser.receive(piece)

    def next_event(self) -> Event:
        """Wait for the next event; StreamEndedError when the server closed the stream."""
        event = next(self._events, None)
        if event is None:
            told = [event for event in self.log if event.name in ("source", "gap", "end")]
            raise StreamEndedError(f"after {len(self.log)} events: {told[-3:]}")
        self.log.append(event)
        return event

    def read_to_end(self) -> None:
        """Read on until the server closes the stream."""
        self.log.extend(self._events)

    def read_until(self, found: Callable[[Event], bool]) -> Event:
        """Read on up to the first event that `found` likes; TimeoutError when none comes."""
        give_up_at = time.monotonic() + READ_TIMEOUT_S
        while time.monotonic() < give_up_at:
            event = self.next_event()
            if found(event):
                return event
        raise TimeoutError(f"waited {READ_TIMEOUT_S} s; the last events: {self.names()[-12:]}")

    def read_media(self, seconds: float, *channels: str) -> None:
        """Read on until every channel went `seconds` of media time ahead from here."""
        start = len(self.log)
        read_s = dict.fromkeys(channels, 0.0)

        def is_enough(event: Event) -> bool:
            if event.name == "fragment" and event.data["channel"] in read_s:
                read_s[event.data["channel"]] += event.data["duration"] / TICKS_PER_SECOND
            return all(read >= seconds for read in read_s.values())

        self.read_until(is_enough)
        assert len(self.log) > start

    def names(self) -> list[str]:
        return [event.name for event in self.log]

    def all_of(self, name: str, start: int = 0) -> list[Event]:
        return [event for event in self.log[start:] if event.name == name]

    @property
    def connection_id(self) -> str:
        value = self.log[0].data["connection_id"]
        assert isinstance(value, str)
        return value

    @property
    def stream_id(self) -> str:
        value = self.log[0].data["stream_id"]
        assert isinstance(value, str)
        return value

    def inits(self, channel: str | None = None) -> list[Init]:
        inits = [read_init(event) for event in self.all_of("init")]
        return [init for init in inits if channel in (None, init.channel)]

    def init_of(self, fragment: Fragment) -> Init:
        """Return the init segment that the fragment names."""
        found = [init for init in self.inits() if init.init_id == fragment.init_id]
        assert found, f"{fragment.event_id} names init {fragment.init_id}, which was never sent"
        return found[-1]

    def fragments(self, channel: str | None = None, start: int = 0) -> list[Fragment]:
        """Return the fragments of a channel that arrived from place `start` of the log on."""
        return [
            read_fragment(index, event)
            for index, event in enumerate(self.log)
            if index >= start
            and event.name == "fragment"
            and channel in (None, event.data["channel"])
        ]


@dataclass(frozen=True, slots=True)
class Control:
    """The requests of the page's second table, for one camera."""

    server_url: str
    camera_id: str = "street"

    def switch(
        self, connection_id: str, new_channel: str, quality: str | None = None
    ) -> httpx.Response:
        body = {"connection_id": connection_id, "new_channel": new_channel}
        return self._post("switch", body | ({"quality": quality} if quality else {}))

    def subscribe(
        self, channel_type: str, quality: str = "medium", connection_id: str | None = None
    ) -> httpx.Response:
        body = {"channel_type": channel_type, "quality": quality}
        return self._post(
            "subscribe", body | ({"connection_id": connection_id} if connection_id else {})
        )

    def unsubscribe(self, connection_id: str, channel_type: str) -> httpx.Response:
        query = {"connection_id": connection_id, "channel_type": channel_type}
        return httpx.delete(f"{self._url}/subscribe", params=query, timeout=READ_TIMEOUT_S)

    def _post(self, name: str, body: dict[str, str]) -> httpx.Response:
        return httpx.post(f"{self._url}/{name}", json=body, timeout=READ_TIMEOUT_S)

    @property
    def _url(self) -> str:
        return f"{self.server_url}/streams/sse/{self.camera_id}"
