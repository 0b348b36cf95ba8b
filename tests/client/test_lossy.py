"""Over a link that cuts and stalls nothing is missed, and nothing comes twice."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest

from streamlab.client import (
    AsyncClient,
    AsyncStream,
    Client,
    Connected,
    Event,
    Fragment,
    Frame,
    Gap,
    Reconnect,
    StreamStats,
)
from streamlab.client.pictures import FrameDecoder
from tests.fakes.lossy_link import LossyLink
from tests.fakes.streamlab_process import StreamlabProcess

from .patience import switch_patiently

QUICKLY = Reconnect(initial_s=0.02, max_s=0.1, give_up_after_s=300.0)
STALL_TIMEOUT_S = 1.0
CARRIES_BYTES = (1_000, 300_000)
CARRIES_BYTES_BY_URL = (1_000, 150_000)  # the events are small; a resume sends a GOP of them again

Sequences = dict[str, dict[int, bytes]]


def delivered(events: Iterable[Event]) -> Sequences:
    """Return the bytes of each fragment per camera and channel; none may come twice."""
    found: Sequences = {}
    for event in events:
        if isinstance(event, Fragment):
            channel = found.setdefault(f"{event.camera_id}/{event.channel}", {})
            assert event.sequence not in channel, f"{event.channel} {event.sequence} came twice"
            channel[event.sequence] = event.data
    return found


def frames_of(events: Iterable[Event]) -> list[Frame]:
    decoder = FrameDecoder()
    frames = [frame for event in events for frame in decoder.receive(event)]
    assert not decoder.decode_errors
    return frames


class Recovery:
    """Whether a link has failed in every way, and the stream came back after that."""

    def __init__(self, link: LossyLink) -> None:
        self._link = link
        self._reconnects: int | None = None  # when every kind of fault had happened

    def is_done(self, event: Event, stats: StreamStats) -> bool:
        if self._reconnects is None and self._link.has_failed_in_every_way():
            self._reconnects = stats.reconnects
        came_back = self._reconnects is not None and stats.reconnects > self._reconnects
        return came_back and isinstance(event, Fragment)


def read_blocking(link: LossyLink) -> list[Event]:
    recovery = Recovery(link)
    with (
        Client(link.url) as client,
        client.watch(
            "street", "both", payload="url", reconnect=QUICKLY, stall_timeout_s=STALL_TIMEOUT_S
        ) as stream,
    ):
        events = [next(stream)]
        while not recovery.is_done(events[-1], stream.stats):
            events.append(next(stream))
        return events


async def read(link: LossyLink) -> list[Event]:
    recovery = Recovery(link)
    async with (
        AsyncClient(link.url) as client,
        client.watch(
            "street", "both", reconnect=QUICKLY, stall_timeout_s=STALL_TIMEOUT_S
        ) as stream,
    ):
        events = [await anext(stream)]
        while not recovery.is_done(events[-1], stream.stats):
            events.append(await anext(stream))
        return events


def newest(events: Iterable[Event]) -> dict[str, int]:
    """Return the newest sequence of each channel."""
    return {event.channel: event.sequence for event in events if isinstance(event, Fragment)}


async def read_all(good: str, first: LossyLink, second: LossyLink) -> dict[str, list[Event]]:
    """Read over the bad links, and over the good one from before to after that."""
    truth: list[Event] = []
    async with AsyncClient(good) as client, client.watch("street", "both") as stream:
        while len(newest(truth)) < 2:
            truth.append(await anext(stream))
        bad = asyncio.gather(asyncio.to_thread(read_blocking, second), read(first))
        while not bad.done():
            truth.append(await anext(stream))
        by_url, inline = bad.result()
        wanted = [newest(by_url), newest(inline)]
        while any(newest(truth)[name] < end for each in wanted for name, end in each.items()):
            truth.append(await anext(stream))
    return {"good": truth, "async": inline, "blocking, by url": by_url}


@pytest.fixture(scope="module")
def outcomes(server: StreamlabProcess) -> dict[str, list[Event]]:
    """What came over a good link, and over two bad ones at the same time."""
    with (
        LossyLink(server.port, seed=1, carries_bytes=CARRIES_BYTES) as first,
        LossyLink(server.port, seed=2, carries_bytes=CARRIES_BYTES_BY_URL) as second,
    ):
        return asyncio.run(read_all(server.url, first, second))


@pytest.mark.parametrize("name", ["async", "blocking, by url"])
def test_nothing_is_missed_and_nothing_comes_twice(
    outcomes: dict[str, list[Event]], name: str
) -> None:
    events = outcomes[name]
    assert not [event for event in events if isinstance(event, Gap)]
    truth, got = delivered(outcomes["good"]), delivered(events)
    assert set(got) == {"street/raw", "street/annotated"}
    for channel, fragments in got.items():
        assert list(fragments) == list(range(min(fragments), max(fragments) + 1))
        common = [sequence for sequence in fragments if sequence >= min(truth[channel])]
        assert common
        assert all(fragments[sequence] == truth[channel][sequence] for sequence in common)


@pytest.mark.parametrize("name", ["async", "blocking, by url"])
def test_every_frame_can_be_decoded(outcomes: dict[str, list[Event]], name: str) -> None:
    told = [(frame.channel, frame.pts) for frame in frames_of(outcomes[name])]
    sent = [event for event in outcomes[name] if isinstance(event, Fragment)]
    assert told == [(fragment.channel, frame.pts) for fragment in sent for frame in fragment.frames]


async def cut(link: LossyLink, stream: AsyncStream) -> list[Event]:
    """Cut the link, and read until the stream is back."""
    link.cut()
    events = [await anext(stream)]
    while not isinstance(events[-1], Connected):
        events.append(await anext(stream))
    return events


def test_a_switch_outlives_its_connection(server: StreamlabProcess) -> None:
    async def look(link: LossyLink) -> list[Event]:
        events: list[Event] = []
        async with (
            AsyncClient(link.url) as client,
            client.watch("street", "raw", reconnect=QUICKLY) as stream,
        ):
            await switch_patiently(stream, "annotated", quality="low")
            while not [e for e in events if isinstance(e, Fragment) and e.quality == "low"]:
                events.append(await anext(stream))
            events += await cut(link, stream)
            while not isinstance(events[-1], Fragment):
                events.append(await anext(stream))
        return events

    with LossyLink(server.port) as link:
        events = asyncio.run(look(link))
    back = max(index for index, event in enumerate(events) if isinstance(event, Connected))
    connected, last = events[back], events[-1]
    assert isinstance(connected, Connected)
    assert isinstance(last, Fragment)
    assert connected.channels == ("annotated",)
    assert (last.channel, last.quality) == ("annotated", "low")
    assert not [event for event in events if isinstance(event, Gap)]


def test_many_cameras_get_their_own_views_back(server: StreamlabProcess) -> None:
    async def read_media(stream: AsyncStream, *channels: str) -> list[Event]:
        """Read on until each of these has brought a fragment."""
        events: list[Event] = []
        while not set(channels) <= delivered(events).keys():
            events.append(await anext(stream))
        return events

    async def look(link: LossyLink) -> list[Event]:
        async with (
            AsyncClient(link.url) as client,
            client.watch(["street", "gate"], "raw", reconnect=QUICKLY) as stream,
        ):
            events = await read_media(stream, "street/raw", "gate/raw")
            await switch_patiently(stream, "annotated", camera_id="gate")
            events += await read_media(stream, "gate/annotated")
            events += await cut(link, stream)
            return events + await read_media(stream, "street/raw", "gate/annotated")

    with LossyLink(server.port) as link:
        assert set(delivered(asyncio.run(look(link)))) == {
            "street/raw",
            "gate/raw",
            "gate/annotated",
        }
