"""Over a link that cuts and stalls nothing is missed, and nothing comes twice."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

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
    Stream,
    StreamStats,
)
from streamlab.client.pictures import FrameDecoder
from tests.fakes.lossy_link import LossyLink
from tests.fakes.streamlab_process import StreamlabProcess

QUICKLY = Reconnect(initial_s=0.02, max_s=0.1, give_up_after_s=30.0)
STALL_TIMEOUT_S = 0.5
SECONDS = 4.0
CARRIES_BYTES = (1_000, 400_000)

Sequences = dict[str, dict[int, bytes]]
Outcome = tuple[list[Event], StreamStats]


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


def read_blocking(url: str) -> Outcome:
    give_up_at = time.monotonic() + SECONDS
    with Client(url) as client, watch_blocking(client) as stream:
        events = []
        while time.monotonic() < give_up_at:
            events.append(next(stream))
        return events, stream.stats


def watch_blocking(client: Client) -> Stream:
    return client.watch(
        "street", "both", payload="url", reconnect=QUICKLY, stall_timeout_s=STALL_TIMEOUT_S
    )


def watch(client: AsyncClient, camera: str | list[str], channels: str = "both") -> AsyncStream:
    return client.watch(camera, channels, reconnect=QUICKLY, stall_timeout_s=STALL_TIMEOUT_S)


def read(url: str) -> Outcome:
    async def read_events() -> Outcome:
        give_up_at = time.monotonic() + SECONDS
        async with AsyncClient(url) as client, watch(client, "street") as stream:
            events = []
            while time.monotonic() < give_up_at:
                events.append(await anext(stream))
            return events, stream.stats

    return asyncio.run(read_events())


@pytest.fixture(scope="module")
def outcomes(server: StreamlabProcess) -> dict[str, Outcome]:
    """What came over a good link, and over two bad ones at the same time."""
    port = server.port
    with (
        LossyLink(port, seed=1, carries_bytes=CARRIES_BYTES) as first,
        LossyLink(port, seed=2, carries_bytes=CARRIES_BYTES) as second,
        ThreadPoolExecutor() as threads,
    ):
        reading = {
            "good": threads.submit(read, server.url),
            "async": threads.submit(read, first.url),
            "blocking, by url": threads.submit(read_blocking, second.url),
        }
        outcomes = {name: future.result() for name, future in reading.items()}
        assert set(first.faults + second.faults) == {"close", "reset", "stall"}
    return outcomes


@pytest.mark.parametrize("name", ["async", "blocking, by url"])
def test_nothing_is_missed_and_nothing_comes_twice(
    outcomes: dict[str, Outcome], name: str
) -> None:
    events, stats = outcomes[name]
    assert stats.reconnects >= 3
    assert not [event for event in events if isinstance(event, Gap)]
    truth, got = delivered(outcomes["good"][0]), delivered(events)
    assert set(got) == {"street/raw", "street/annotated"}
    for channel, fragments in got.items():
        assert list(fragments) == list(range(min(fragments), max(fragments) + 1))
        common = fragments.keys() & truth[channel].keys()
        assert len(common) > 30
        assert all(fragments[sequence] == truth[channel][sequence] for sequence in common)


@pytest.mark.parametrize("name", ["async", "blocking, by url"])
def test_every_frame_can_be_decoded(outcomes: dict[str, Outcome], name: str) -> None:
    frames = frames_of(outcomes[name][0])
    for channel in ("raw", "annotated"):
        told = [frame.pts for frame in frames if frame.channel == channel]
        assert len(told) > 30
        assert all(late == early + 3000 for early, late in pairwise(told))


async def cut(link: LossyLink, stream: AsyncStream, events: list[Event]) -> None:
    """Cut the link once, and read until the stream is back."""
    link.faults.clear()
    link.is_lossy = True
    while not link.faults:
        events.append(await anext(stream))
    link.is_lossy = False
    while not isinstance(events[-1], Connected):
        events.append(await anext(stream))


def test_a_switch_outlives_its_connection(server: StreamlabProcess) -> None:
    async def look(link: LossyLink) -> list[Event]:
        events: list[Event] = []
        async with AsyncClient(link.url) as client, watch(client, "street", "raw") as stream:
            await stream.switch("annotated", quality="low")
            while not [e for e in events if isinstance(e, Fragment) and e.quality == "low"]:
                events.append(await anext(stream))
            await cut(link, stream, events)
            while not isinstance(events[-1], Fragment):
                events.append(await anext(stream))
        return events

    with LossyLink(server.port, carries_bytes=(0, 0), faults=("close",)) as link:
        link.is_lossy = False
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
            watch(client, ["street", "gate"], "raw") as stream,
        ):
            events = await read_media(stream, "street/raw", "gate/raw")
            await stream.switch("annotated", camera_id="gate")
            events += await read_media(stream, "gate/annotated")
            await cut(link, stream, events)
            return events + await read_media(stream, "street/raw", "gate/annotated")

    with LossyLink(server.port, carries_bytes=(0, 0), faults=("close",)) as link:
        link.is_lossy = False
        assert set(delivered(asyncio.run(look(link)))) == {
            "street/raw",
            "gate/raw",
            "gate/annotated",
        }
