"""Writing on the line itself: what a client gets is what reading by cursors would have given it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Message

from streamlab.core.channels import ChannelKey, ChannelType, QualityLevel, SourceState, View
from streamlab.core.events import EndReason, SourceStateChanged
from streamlab.core.stream.connection import Connection
from streamlab.core.stream.events import EventsQueued, FragmentReleased
from streamlab.protocol.sse import EventEncoder, Form
from streamlab.server.sse import EventStreamResponse, LineWriter
from streamlab.server.transport import Line
from streamlab.viewers.fan_out import FanOut
from streamlab.viewers.feed import Feed
from streamlab.viewers.reader import Reader
from streamlab.viewers.running import RunningCamera
from tests.core.makers import ANNOTATED, MS_NS, RAW, VIEWS, fragment, stream

MEDIUM: dict[str, QualityLevel] = dict.fromkeys(ChannelType, QualityLevel.MEDIUM)
CHUNK = re.compile(rb"([0-9a-f]+)\r\n")
PATIENCE_S = 3600.0
NO_PATIENCE_S = 0.02
HELLO = SourceStateChanged(SourceState.LIVE, "hello")
ACTIONS = (
    "raw", "annotated", "both at once", "post", "switch", "subscribe", "detections", "join",
)  # fmt: skip


class Stage:
    """A camera without a source: a stream, its fan_out, and what a camera does between them."""

    camera_id = "cam"
    end_reason: EndReason | None = None

    def __init__(self) -> None:
        self.stream = stream()
        self.fan_out = FanOut()
        self.encoder = EventEncoder()
        self._numbers = {RAW: 0, ANNOTATED: 0}
        self._posts = 0

    def reader(self, view: View, *, tagged: bool = False) -> Reader:
        connection = Connection(str(len(self.stream.connections)), view.channels, MEDIUM)
        self.stream.receive_connection(connection, 0)
        self.process_events()
        form = Form(camera_id=self.camera_id if tagged else "")
        feed = Feed(cast("RunningCamera", self), connection, [HELLO], 1000, form)
        return Reader([feed], 15.0, lambda: None)

    def process_events(self) -> None:
        events = list(iter(self.stream.next_event, None))
        if any(isinstance(event, EventsQueued) for event in events):
            self.fan_out.notify_all()
        else:
            self.fan_out.release(e.entry for e in events if isinstance(e, FragmentReleased))

    def release(self, *keys: ChannelKey) -> None:
        for key in keys:
            number = self._numbers[key]
            self._numbers[key] += 1
            self.stream.receive_release([fragment(key, number)], number * 33 * MS_NS, 1000.0)
        self.process_events()

    def act(self, action: str, connections: list[Connection]) -> None:
        if action in ("raw", "annotated", "both at once"):
            keys = {"raw": (RAW,), "annotated": (ANNOTATED,)}.get(action, (RAW, ANNOTATED, RAW))
            self.release(*keys)
        elif action == "post":
            self._posts += 1
            self.stream.post(SourceStateChanged(SourceState.STALLED, str(self._posts)))
        elif action == "join":
            self.reader(View.RAW)
        elif action == "switch":
            for connection in connections:
                view = View.ANNOTATED if connection.view == View.RAW else View.RAW
                self.stream.request_switch(connection, view, {}, now_ns=0, timeout_ns=10**12)
        elif action == "detections":
            for connection in connections:
                self.stream.request_detections(connection, wanted=not connection.detections)
        else:
            for connection in connections:
                self.stream.request_channels(connection, ChannelType, {}, 0)
        self.process_events()

    def end(self) -> None:
        self.end_reason = "camera_removed"
        self.fan_out.notify_all()


class Wire(asyncio.Transport):
    """A transport that remembers what was written; its client takes it when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.unsent = 0
        self.aborted = False
        self.options: list[tuple[Any, ...]] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data
        self.unsent += len(data)

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def is_closing(self) -> bool:
        return self.aborted

    def get_extra_info(self, name: str, default: object = None) -> object:
        return self if name == "socket" else default

    def setsockopt(self, *option: object) -> None:
        self.options.append(option)

    def abort(self) -> None:
        self.aborted = True

    def body(self) -> bytes:
        """Return what the chunks carry."""
        body, at = b"", 0
        while at < len(self.written):
            head = CHUNK.match(self.written, at)
            assert head is not None
            size = int(head[1], 16)
            body += self.written[head.end() : head.end() + size]
            at = head.end() + size + 2
        return body


class Watched:
    """A viewer served on a line of its own."""

    def __init__(
        self, stage: Stage, view: View, *, tagged: bool = False, patience_s: float = PATIENCE_S
    ) -> None:
        self.wire = Wire()
        self.line = Line(self.wire)
        self.reader = stage.reader(view, tagged=tagged)
        self.writer = LineWriter(self.reader, self.line, patience_s)
        self.served = asyncio.ensure_future(self.writer.run())

    def events(self) -> list[str]:
        return self.wire.body().decode().split("\n\n")[:-1]


def connections_of(*readers: Reader) -> list[Connection]:
    return [feed.connection for reader in readers for feed in reader._feeds]


def run(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(scenario())


@settings(max_examples=50)
@given(
    actions=st.lists(st.sampled_from(ACTIONS), max_size=40),
    view=st.sampled_from(VIEWS),
    tagged=st.booleans(),
)
def test_a_line_carries_what_a_cursor_reads(actions: list[str], view: View, tagged: bool) -> None:
    async def scenario() -> None:
        stage = Stage()
        watched = Watched(stage, view, tagged=tagged)
        by_cursor = stage.reader(view, tagged=tagged)
        await asyncio.sleep(0)
        taken: list[bytes] = by_cursor.take()
        for action in actions:
            stage.act(action, connections_of(watched.reader, by_cursor))
            taken += by_cursor.take()
        stage.end()
        taken += by_cursor.take()
        assert await watched.served
        assert watched.events() == b"".join(taken).decode().split("\n\n")[:-1]
        watched.reader.close()
        by_cursor.close()

    run(scenario)


@settings(max_examples=50)
@given(
    actions=st.lists(
        st.sampled_from(("raw", "annotated", "both at once", "post", "full", "room")), max_size=40
    ),
    view=st.sampled_from(VIEWS),
)
def test_a_line_that_is_full_now_and_then_loses_nothing(actions: list[str], view: View) -> None:
    async def scenario() -> None:
        stage = Stage()
        watched, steady = Watched(stage, view), Watched(stage, view)
        await asyncio.sleep(0)
        for action in actions:
            if action == "full" and not watched.line.paused:
                watched.line.pause()
            elif action == "room" and watched.line.paused:
                watched.line.resume()
            elif action not in ("full", "room"):
                before = watched.wire.written
                stage.act(action, [])
                assert not watched.line.paused or watched.wire.written == before
        if watched.line.paused:
            watched.line.resume()
        stage.end()
        assert await watched.served
        assert await steady.served
        for line in ("id: ", "event: source"):  # the names of fragments, and the other events
            mine, theirs = (
                [event.split(',"cached"')[0] for event in each.events() if event.startswith(line)]
                for each in (watched, steady)
            )
            assert mine == theirs
        watched.reader.close()
        steady.reader.close()

    run(scenario)


def test_one_event_is_one_object_for_all() -> None:
    async def scenario() -> None:
        stage = Stage()
        everybody = [Watched(stage, View.RAW) for _ in range(3)]
        written: list[int] = []
        for each in everybody:
            each.wire.write = lambda data: written.append(id(data))  # type: ignore[method-assign]
        await asyncio.sleep(0)
        stage.release(RAW)
        del written[:]
        stage.release(RAW)
        assert len(written) == 3
        assert len(set(written)) == 1
        for each in everybody:
            each.line.lose()
            assert not await each.served

    run(scenario)


def test_a_client_that_takes_nothing_is_reset() -> None:
    async def scenario() -> None:
        stage = Stage()
        watched = Watched(stage, View.RAW, patience_s=NO_PATIENCE_S)
        await asyncio.sleep(0)
        stage.release(RAW)
        watched.line.pause()
        while not watched.wire.aborted:
            await asyncio.sleep(NO_PATIENCE_S / 10)
        assert len(watched.wire.options) == 1, "no linger of 0"
        watched.line.lose()
        assert not await watched.served

    run(scenario)


def test_a_client_that_takes_a_little_is_kept() -> None:
    async def scenario() -> None:
        stage = Stage()
        watched = Watched(stage, View.RAW)
        await asyncio.sleep(0)
        stage.release(RAW)
        watched.line.pause()
        for _ in range(20):
            watched.wire.unsent -= 1
            watched.writer._check_progress()
        assert not watched.wire.aborted
        watched.line.resume()
        stage.release(RAW)
        assert len([event for event in watched.events() if "event: fragment" in event]) == 2
        watched.line.lose()
        await watched.served

    run(scenario)


def test_a_fault_in_one_viewer_is_his_alone() -> None:
    async def scenario() -> None:
        stage = Stage()
        faulty, sound = Watched(stage, View.RAW), Watched(stage, View.RAW)
        await asyncio.sleep(0)
        stage.release(RAW)
        connections_of(faulty.reader)[0].take = None  # type: ignore[method-assign,assignment]
        stage.act("post", [])
        stage.release(RAW)
        with pytest.raises(TypeError):
            await faulty.served
        assert len([event for event in sound.events() if "event: fragment" in event]) == 2
        sound.line.lose()
        await sound.served

    run(scenario)


GET = {"type": "http", "method": "GET"}


def test_another_server_gets_the_same_over_asgi() -> None:
    async def scenario() -> None:
        stage = Stage()
        watched, reader = Watched(stage, View.RAW), stage.reader(View.RAW)
        response = EventStreamResponse(reader, slow_client_timeout_s=PATIENCE_S)
        messages: list[Message] = []

        async def send(message: Message) -> None:
            messages.append(message)

        served = asyncio.ensure_future(response(GET, _nothing_comes, send))
        for _ in range(3):
            await asyncio.sleep(0)
            stage.release(RAW)
        stage.end()
        await served
        await watched.served
        start, *body, last = messages
        assert start["status"] == 200
        assert b"".join(part["body"] for part in body) == watched.wire.body()
        assert not last["more_body"]

    run(scenario)


def test_over_asgi_a_client_that_takes_nothing_is_given_up() -> None:
    async def scenario() -> None:
        stage = Stage()
        response = EventStreamResponse(stage.reader(View.RAW), slow_client_timeout_s=NO_PATIENCE_S)

        async def send(message: Message) -> None:
            if message["type"] == "http.response.body":
                await _nothing_comes()

        await response(GET, _nothing_comes, send)

    run(scenario)


async def _nothing_comes() -> Message:
    await asyncio.Event().wait()
    raise AssertionError


def test_a_heartbeat_comes_when_nothing_else_does() -> None:
    async def scenario() -> None:
        stage = Stage()
        reader = stage.reader(View.RAW)
        reader._interval_ns = 5 * MS_NS
        beats = [events async for events in _first(reader, 4)]
        assert [b"event: heartbeat" in events[0] for events in beats] == [False, True, True, True]
        reader.close()

    run(scenario)


async def _first(reader: Reader, count: int) -> Any:
    number = 0
    async for events in reader.batches():
        yield events
        number += 1
        if number == count:
            return
