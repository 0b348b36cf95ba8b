"""What a reader is sent, from ``connected`` to ``end``, on virtual time."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing, closing

from streamlab.core.channels import ChannelType, SourceState
from streamlab.core.health import OK
from streamlab.settings import Settings
from streamlab.viewers import ChannelSubscriptionManager, StreamChannelManager
from streamlab.viewers.reader import Reader
from tests.viewers.still_camera import NO_INK, StillCamera
from tests.viewers.virtual import VirtualTime

HEARTBEAT_S = 15.0
RAW_ONLY = [ChannelType.RAW]


def manager() -> ChannelSubscriptionManager:
    return ChannelSubscriptionManager(StreamChannelManager(Settings()))


def read(*cameras: StillCamera, tagged: bool = False) -> Reader:
    viewers = manager()
    watched = [(camera, viewers.open(camera, RAW_ONLY)) for camera in cameras]
    return viewers.read(watched, tagged=tagged)


def names(events: list[bytes]) -> list[str]:
    """The names of the events, without ``sync`` and ``health``."""
    found = [event.split(b"event: ")[1].split(b"\n")[0].decode() for event in events]
    return [name for name in found if name not in {"sync", "health"}]


def data_of(event: bytes) -> dict[str, object]:
    data: dict[str, object] = json.loads(event.split(b"data: ")[1])
    return data


def test_the_first_event_says_who_is_connected_and_the_last_why_it_is_over() -> None:
    async def scenario() -> None:
        camera = StillCamera()
        with closing(read(camera)) as reader:
            connected, health = reader.take()
            assert names([connected]) == ["connected"]
            ok = {"state": "ok", "detail": ""}
            about = {"channel": "raw", "name": "raw", "kind": "raw"}
            assert data_of(health) == {**about, "encoder": ok}
            assert data_of(connected)["detector"] == {"name": "none", "kind": "scripted"}
            await camera.capture()
            assert names(reader.take()) == ["init", "fragment"]
            await camera.change_source(SourceState.ENDED, "the file is over")
            source, end = reader.take()
            assert data_of(source) == {"state": "ended", "detail": "the file is over"}
            assert data_of(end) == {"reason": "source_ended"}
            assert reader.over
            assert reader.take() == []

    VirtualTime().run(scenario)


def test_who_joins_a_camera_that_is_ill_is_told_first() -> None:
    async def scenario() -> None:
        camera = StillCamera()
        await camera.change_source(SourceState.RECONNECTING, "connection refused")
        with closing(read(camera)) as reader:
            _, source, _ = reader.take()
            assert data_of(source) == {"state": "reconnecting", "detail": "connection refused"}

    VirtualTime().run(scenario)


def test_events_come_in_batches_until_the_end() -> None:
    async def scenario() -> None:
        camera = StillCamera()

        async def film() -> None:
            await camera.capture(3)
            await camera.change_source(SourceState.ENDED)

        got = list[str]()
        with closing(read(camera)) as reader:
            filming = asyncio.ensure_future(film())
            async with aclosing(reader.batches()) as batches:
                async for events in batches:
                    assert events
                    got += names(events)
            await filming
        assert got == ["connected", "init", *["fragment"] * 3, "source", "end"]

    VirtualTime().run(scenario)


def test_a_stream_of_several_cameras_names_them_and_lasts_as_long_as_the_last() -> None:
    async def scenario() -> None:
        yard, gate = StillCamera("yard"), StillCamera("gate")
        with closing(read(yard, gate, tagged=True)) as reader:
            told = [data_of(event)["camera_id"] for event in reader.take()]
            assert told == ["yard", "yard", "gate", "gate"]
            for camera, over in ((yard, False), (gate, True)):
                await camera.change_source(SourceState.ENDED)
                events = reader.take()
                assert {data_of(event)["camera_id"] for event in events} == {camera.camera_id}
                assert reader.over == over

    VirtualTime().run(scenario)


def test_a_quiet_stream_has_a_heartbeat_and_one_that_flows_has_none() -> None:
    virtual = VirtualTime()

    async def scenario() -> None:
        camera = StillCamera(sync_check_interval=3600.0)
        woken: list[int] = []
        with closing(read(camera)) as reader:
            reader.listen(lambda: woken.append(virtual.now_ns))
            await camera.capture()
            reader.take()
            written: list[bytes] = []
            reader.join_live(written.append)
            for _ in range(4):  # each resets the time until the next heartbeat
                await asyncio.sleep(0.9 * HEARTBEAT_S)
                await camera.capture()
            assert len(written) == 4
            assert reader.take() == []
            flowed_until_ns, woken[:] = virtual.now_ns, []
            await asyncio.sleep(HEARTBEAT_S * 1.01)
            assert [round((ns - flowed_until_ns) / 1e9, 3) for ns in woken] == [HEARTBEAT_S]
            assert names(reader.take()) == ["heartbeat"]
            assert reader.take() == []

    virtual.run(scenario)


def test_one_camera_that_has_ended_gets_no_heartbeat() -> None:
    async def scenario() -> None:
        yard, gate = StillCamera("yard"), StillCamera("gate")
        with closing(read(yard, gate, tagged=True)) as reader:
            reader.listen(lambda: None)
            await yard.change_source(SourceState.ENDED)
            reader.take()
            await asyncio.sleep(HEARTBEAT_S)
            beats = [event for event in reader.take() if names([event]) == ["heartbeat"]]
            assert [data_of(event)["camera_id"] for event in beats] == ["gate"]

    VirtualTime().run(scenario)


def test_a_reader_that_one_audience_does_not_take_is_in_step_with_none() -> None:
    async def scenario() -> None:
        yard, gate, viewers = StillCamera("yard"), StillCamera("gate"), manager()
        first = viewers.read([(gate, viewers.open(gate, RAW_ONLY))])
        in_yard = viewers.open(yard, RAW_ONLY)
        first.listen(lambda: None)
        for camera in (yard, gate):
            await camera.capture()
        first.take()
        together, alone = list[bytes](), list[bytes]()
        first.join_live(together.append)
        # It comes back with nothing to read, so it has not been told of the init segment yet.
        in_gate = viewers.open(gate, RAW_ONLY, last_event_id="raw/medium/1")
        with closing(first), closing(viewers.read([(yard, in_yard), (gate, in_gate)])) as second:
            second.listen(lambda: None)
            assert names(second.take()) == ["connected", "init", "fragment", "connected"]
            second.join_live(alone.append)
            for camera in (yard, gate):
                await camera.capture()
            assert (names(together), alone) == (["fragment"], [])
            assert names(second.take()) == ["fragment", "init", "fragment"]
            second.join_live(alone.append)
            await yard.capture()
            assert names(alone) == ["fragment"]

    VirtualTime().run(scenario)


def test_a_reader_that_nobody_listens_to_closes() -> None:
    async def scenario() -> None:
        camera = StillCamera()
        read(camera).close()
        assert camera.running.stream.connections == {}

    VirtualTime().run(scenario)


def test_a_reader_with_something_to_take_does_not_fall_in() -> None:
    async def scenario() -> None:
        camera = StillCamera()
        with closing(read(camera)) as reader:
            reader.listen(lambda: None)
            written: list[bytes] = []
            reader.join_live(written.append)
            await camera.capture(2)
            assert written == []
            assert names(reader.take()) == ["connected", "init", "fragment", "fragment"]

    VirtualTime().run(scenario)


def test_a_closed_reader_is_told_nothing_more() -> None:
    async def scenario() -> None:
        camera = StillCamera()
        woken: list[int] = []
        reader = read(camera)
        reader.listen(lambda: woken.append(1))
        await camera.capture()
        reader.take()
        written: list[bytes] = []
        reader.join_live(written.append)
        reader.close()
        assert camera.running.stream.connections == {}
        woken.clear()
        await camera.capture(2)
        await asyncio.sleep(10 * HEARTBEAT_S)
        assert (written, woken) == ([], [])

    VirtualTime().run(scenario)


def test_a_viewer_hears_of_each_change_of_a_channel_that_it_is_sent() -> None:
    async def scenario() -> None:
        camera = StillCamera()
        viewers = manager()
        both = viewers.read([(camera, viewers.open(camera, list(ChannelType)))])
        with closing(both), closing(read(camera)) as raw:
            for reader in (both, raw):
                reader.take()
            camera.check_health()
            camera.still.annotators["annotated"].renderer_health = NO_INK
            for _ in range(3):  # nothing is said twice, and what waits is replaced
                camera.check_health()
            (told,) = both.take()
            assert data_of(told)["renderer"] == {
                "name": "BoxRenderer",
                "state": "failing",
                "detail": "ValueError: no ink",
            }
            assert raw.take() == []
            camera.still.annotators["annotated"].renderer_health = OK
            camera.check_health()
            assert b'"failing"' not in both.take()[0]

    VirtualTime().run(scenario)
