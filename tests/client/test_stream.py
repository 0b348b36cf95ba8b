"""The clients against a real server: events, frames, switches, many cameras."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from streamlab.client import (
    AsyncClient,
    AsyncStream,
    Client,
    Connected,
    Detections,
    Event,
    Fragment,
    Frame,
    Gap,
    Init,
    Switched,
)
from streamlab.core.truth_strip import CELLS, cell_bounds_px, strip_height_px, strip_number
from streamlab.errors import InvalidRequestError, UnknownCameraError
from tests.fakes.prefix_proxy import PrefixProxy
from tests.fakes.streamlab_process import StreamlabProcess

from .patience import switch_patiently

FRAME = 3000
MIDDLE = 128
SMALL_BUFFER = [(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)]
SLOWNESS_FRAGMENTS = 120  # more than a viewer may lag, with what the kernel keeps for it
IMPATIENT: dict[str, Any] = {"gop_s": 0.5, "client_queue_fragments": 32}


def strip_of(frame: Frame) -> int | None:
    """Return the frame number that the picture shows."""
    image = frame.image
    height, width, _ = image.shape
    rows = image[: strip_height_px(height)]
    bounds = [cell_bounds_px(cell, width) for cell in range(CELLS)]
    return strip_number([float(rows[:, left:right].mean()) for left, right in bounds])


def is_annotated(frame: Frame) -> bool:
    """Return whether the channel cell is white."""
    rows, right = strip_height_px(frame.image.shape[0]), frame.image.shape[1] // CELLS
    return float(frame.image[rows : 2 * rows, :right].mean()) > MIDDLE


def check_runs(events: Iterable[Event]) -> dict[str, list[Fragment]]:
    """Return the fragments of each channel, which follow each other without a hole."""
    runs: dict[str, list[Fragment]] = defaultdict(list)
    for event in events:
        assert not isinstance(event, Gap)
        if isinstance(event, Fragment):
            runs[f"{event.camera_id}/{event.channel}"].append(event)
    for run in runs.values():
        assert run[0].keyframe
        assert all(late.sequence == early.sequence + 1 for early, late in pairwise(run))
    return runs


def media(stream: Iterable[Event]) -> Iterator[Event]:
    """Yield events until both channels have brought some fragments, and one of them boxes."""
    fragments: Counter[str] = Counter()
    has_boxes = False
    for event in stream:
        yield event
        if isinstance(event, Fragment):
            fragments[event.channel] += 1
            has_boxes |= any(frame.detections for frame in event.frames)
        if has_boxes and min(fragments["raw"], fragments["annotated"]) >= 30:
            return


@pytest.mark.parametrize("payload", ["inline", "url"])
def test_both_channels(server: StreamlabProcess, payload: str) -> None:
    with Client(server.url) as client:
        assert [camera["camera_id"] for camera in client.cameras()] == ["street", "gate"]
        with client.watch(
            "street", "both", payload="url" if payload == "url" else "inline"
        ) as stream:
            events = list(media(stream))
            drift = client.sync_stats("street")
    assert isinstance(events[0], Connected)
    assert events[0].channels == ("raw", "annotated")
    runs = check_runs(events)
    assert set(runs) == {"street/raw", "street/annotated"}
    boxes = [frame.detections for item in runs["street/annotated"] for frame in item.frames]
    assert any(boxes)
    for run in runs.values():
        assert all(b"moof" in item.data[:8] and b"mdat" in item.data for item in run)
        assert all(bool(item.url) == (payload == "url") for item in run)
        assert all(item.arrived_at >= item.released_at - 0.001 for item in run)
    assert "drift_ms" in drift


def test_below_a_path_that_the_proxy_does_not_name(server: StreamlabProcess) -> None:
    with (
        PrefixProxy(server.port, "/user/me/proxy/8000") as proxy,
        Client(proxy.url) as client,
        client.watch(["street", "gate"], payload="url") as several,
        client.watch("street", payload="url") as one,
    ):
        for camera_id in ("street", "gate"):
            assert any(each.camera_id == camera_id for each in fragments(several))
        assert b"moof" in next(fragments(one)).data[:8]
    assert proxy.strays == []


def fragments(stream: Iterable[Event]) -> Iterator[Fragment]:
    return (event for event in stream if isinstance(event, Fragment))


def test_frames_are_what_was_captured(server: StreamlabProcess) -> None:
    with Client(server.url) as client, client.watch("street", "both") as stream:
        pictures, frames, channels = stream.frames(), list[Frame](), set[str]()
        while len(frames) < 40 or len(channels) < 2:
            frames.append(next(pictures))
            channels.add(frames[-1].channel)
    for frame in frames:
        assert frame.image.shape == (180, 320, 3)
        assert frame.image.dtype == np.uint8
        assert strip_of(frame) == frame.pts // FRAME
        assert is_annotated(frame) == (frame.channel == "annotated")
        assert frame.channel == "annotated" or not frame.detections


def test_frames_after_events(server: StreamlabProcess) -> None:
    with Client(server.url) as client, client.watch("gate") as stream:
        next(event for event in stream if isinstance(event, Fragment))
        assert next(iter(stream.frames())).image.shape == (180, 320, 3)


async def watch_and_switch(client: AsyncClient) -> list[Frame]:
    """Show each of these for 20 frames, counted from its first one."""
    frames: list[Frame] = []
    async with client.watch("street", "raw") as stream:
        pictures = stream.frames()
        for channel, quality in (("annotated", None), ("annotated", "low"), ("raw", None)):
            frames += [await anext(pictures) for _ in range(20)]
            before = frames[-1]
            done = await switch_patiently(stream, channel, quality=quality)
            assert done.previous_channel == before.channel
            while shown_as(before) == shown_as(frames[-1]):
                frames.append(await anext(pictures))
        return frames + [await anext(pictures) for _ in range(20)]


def shown_as(frame: Frame) -> tuple[str, str]:
    return frame.channel, frame.quality


def test_switches_are_frame_exact(server: StreamlabProcess) -> None:
    """No frame is given twice, left out or out of order because of a switch."""

    async def look() -> tuple[list[Frame], list[int]]:
        async with AsyncClient(server.url) as client:
            released: list[int] = []
            async with client.watch("street", "raw") as stream:
                await anext(stream)  # it is there before the other one
                switching = asyncio.create_task(watch_and_switch(client))
                while not switching.done() or released[-1] < switching.result()[-1].pts:
                    event = await anext(stream)
                    if isinstance(event, Fragment):
                        released.append(event.pts)
            return switching.result(), released

    frames, released = asyncio.run(look())
    told = [frame.pts for frame in frames]
    assert told == [pts for pts in released if told[0] <= pts <= told[-1]]
    shown = [shown_as(frame) for frame in frames]
    changes = [early for early, late in pairwise(shown) if early != late] + [shown[-1]]
    assert changes == [
        ("raw", "medium"),
        ("annotated", "medium"),
        ("annotated", "low"),
        ("raw", "medium"),
    ]
    assert all(is_annotated(frame) == (frame.channel == "annotated") for frame in frames)
    assert all(strip_of(frame) == frame.pts // FRAME for frame in frames if frame.quality != "low")


def test_many_cameras_on_one_connection(server: StreamlabProcess) -> None:
    def is_enough(events: list[Event]) -> bool:
        fragments = [event for event in events if isinstance(event, Fragment)]
        channels = {event.channel for event in fragments if event.camera_id == "gate"}
        return channels == {"raw", "annotated"} and len(fragments) > 60

    async def look() -> list[Event]:
        events: list[Event] = []
        async with (
            AsyncClient(server.url) as client,
            client.watch(["street", "gate"], "raw") as stream,
        ):
            with pytest.raises(InvalidRequestError, match="several cameras"):
                await stream.switch("annotated")
            switched = False
            while not is_enough(events):
                events.append(await anext(stream))
                newest = events[-1]
                # Not before a fragment of raw: a switch to what is warm may be quicker than that.
                if not switched and isinstance(newest, Fragment) and newest.camera_id == "gate":
                    await switch_patiently(stream, "annotated", camera_id="gate")
                    switched = True
        return events

    events = asyncio.run(look())
    told = [event for event in events if isinstance(event, Switched)]
    assert [(event.camera_id, event.channel) for event in told] == [("gate", "annotated")]
    assert set(check_runs(events)) == {"street/raw", "gate/raw", "gate/annotated"}
    assert {event.camera_id for event in events} == {"street", "gate"}


def test_boxes_as_events(server: StreamlabProcess) -> None:
    with Client(server.url) as client, client.watch("street", detections=True) as stream:
        first = next(event for event in stream if isinstance(event, Detections))
        assert first.pts % FRAME == 0
        stream.unsubscribe("detections")
        stream.subscribe("annotated", quality="low")
        init = next(
            event for event in stream if isinstance(event, Init) and event.channel == "annotated"
        )
        assert init.quality == "low"


def test_a_camera_that_is_not_there(server: StreamlabProcess) -> None:
    with Client(server.url) as client:
        for camera in ("door", ["street", "door"]):
            with pytest.raises(UnknownCameraError, match="door") as raised, client.watch(camera):
                pass
            assert "street, gate" in raised.value.hint
        with pytest.raises(UnknownCameraError):
            client.sync_stats("door")


def test_waiting_may_time_out_without_loss(server: StreamlabProcess) -> None:
    async def look() -> list[Event]:
        events: list[Event] = []
        async with AsyncClient(server.url) as client, client.watch("street", "both") as stream:
            while len(check_runs(events)) < 2 or len(events) < 70:
                try:
                    async with asyncio.timeout(0.003):
                        events.append(await anext(stream))
                except TimeoutError:
                    pass
        return events

    check_runs(asyncio.run(look()))


def test_a_camera_is_changed_while_it_runs(server: StreamlabProcess) -> None:
    with Client(server.url) as client:
        client.update("gate", sync_policy="pair", sync_tolerance_ms=40)
        stats = client.sync_stats("gate")
        assert (stats["policy"], stats["sync_tolerance_ms"]) == ("pair", 40)
        with pytest.raises(InvalidRequestError, match="sync_policy"):
            client.update("gate", sync_policy="perhaps")


async def wait_for_fragments(client: AsyncClient, count: int) -> None:
    """Wait until a reader who keeps up has got so many."""
    async with client.watch("street") as stream:
        while count:
            count -= isinstance(await anext(stream), Fragment)


async def read_slowly(client: AsyncClient, stream: AsyncStream) -> Gap:
    """Return the first gap that comes of not iterating for a while."""
    async with stream:
        await wait_for_fragments(client, SLOWNESS_FRAGMENTS)
        last: Fragment | None = None
        async for event in stream:
            if isinstance(event, Connected):
                last = None  # the server had let go, and its encoder may have begun anew since
            if isinstance(event, Fragment):
                last = event
            if isinstance(event, Gap):
                assert last is None or last.sequence + 1 == event.from_sequence
                following = await anext(stream)
                while not isinstance(following, Fragment):
                    following = await anext(stream)
                assert following.sequence - 1 == event.to_sequence
                assert following.keyframe
                return event
    raise AssertionError("the stream has ended")


def test_a_slow_reader_gets_gaps(tmp_path: Path) -> None:
    """The socket is not read while nobody iterates, so the server skips, or has let go."""

    async def read_both(server_url: str) -> tuple[Gap, Gap]:
        async with (
            AsyncClient(server_url) as client,
            AsyncClient(
                server_url, transport=httpx.AsyncHTTPTransport(socket_options=SMALL_BUFFER)
            ) as narrow,
        ):
            inline = narrow.watch("street", raw_quality="high")
            by_url = narrow.watch("street", payload="url")
            return await asyncio.gather(read_slowly(client, inline), read_slowly(client, by_url))

    street = "street=synthetic://traffic?width=640&height=360&fps=30"
    arguments = ("--camera", street, "--model", "truth")
    with StreamlabProcess(tmp_path / "log", *arguments, **IMPATIENT) as impatient:
        inline, by_url = asyncio.run(read_both(impatient.url))
    assert inline.reason in ("slow_client", "resume_expired")  # or it was closed, and came back
    assert by_url.reason == "no_longer_held"
