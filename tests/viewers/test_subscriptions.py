"""Who watches what: connections, reservations, subscriptions and switches, on virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamlab.core.channels import ChannelKey, ChannelType, QualityLevel, View
from streamlab.core.stream.connection import Connection
from streamlab.errors import (
    ConnectionInUseError,
    InvalidRequestError,
    LimitError,
    SwitchTimeoutError,
    UnknownConnectionError,
)
from streamlab.settings import Settings
from streamlab.viewers import ChannelSubscriptionManager, StreamChannelManager
from streamlab.viewers.subscriptions import RESERVATION_S
from tests.core.viewers import parse, wire
from tests.viewers.still_camera import StillCamera
from tests.viewers.virtual import VirtualTime

MAX_CONNECTIONS = 3
TIMEOUT_S = 0.1
RAW_ONLY = [ChannelType.RAW]
Scenario = Callable[[StillCamera, ChannelSubscriptionManager], Coroutine[Any, Any, None]]


def on_virtual_time(scenario: Scenario) -> Callable[[], None]:
    """A test of one camera and those who watch it."""

    async def run() -> None:
        manager = StreamChannelManager(Settings(max_connections=MAX_CONNECTIONS))
        await scenario(StillCamera(), ChannelSubscriptionManager(manager))

    def test() -> None:
        VirtualTime().run(run)

    return test


def take(camera: StillCamera, connection: Connection) -> list[dict[str, Any]]:
    return parse(
        wire(connection.take(camera.running.stream.rings, camera.running.stream.inits, 64))
    )


@on_virtual_time
async def test_no_more_than_the_limit_watch(
    camera: StillCamera, viewers: ChannelSubscriptionManager
) -> None:
    opened = [viewers.open(camera, RAW_ONLY) for _ in range(MAX_CONNECTIONS)]
    assert len({each.connection_id for each in opened}) == MAX_CONNECTIONS
    with pytest.raises(LimitError, match="there are already 3 connections"):
        viewers.open(camera, RAW_ONLY)
    with pytest.raises(LimitError, match="there are already 3 connections"):
        viewers.reserve(camera)
    viewers.close(camera, opened[0])
    viewers.close(camera, opened[0])
    viewers.open(camera, RAW_ONLY)
    with pytest.raises(LimitError):
        viewers.open(camera, RAW_ONLY)


@on_virtual_time
async def test_a_viewer_gets_what_it_asks_for(
    camera: StillCamera, viewers: ChannelSubscriptionManager
) -> None:
    await camera.capture()
    low = {"raw": "low"}
    reader = viewers.read([(camera, viewers.open(camera, ChannelType, low))], by_url=True)
    await camera.capture()
    fragments = [each for each in parse(reader.take()) if each["event"] == "fragment"]
    assert {(each["channel"], each["quality"]) for each in fragments} == {
        ("raw", "low"),
        ("annotated", "medium"),
    }
    assert all("url" in each for each in fragments)


@on_virtual_time
async def test_a_client_that_comes_back_goes_on_after_its_last_event(
    camera: StillCamera, viewers: ChannelSubscriptionManager
) -> None:
    viewers.open(camera, RAW_ONLY)
    await camera.capture(5)
    again = viewers.open(camera, RAW_ONLY, last_event_id="raw/medium/3")
    sequences = [each.get("sequence") for each in take(camera, again)]
    assert sequences == [None, 4, 5]


@on_virtual_time
async def test_a_reservation_lapses_when_nobody_claims_it(
    camera: StillCamera, viewers: ChannelSubscriptionManager
) -> None:
    claimed, left = viewers.reserve(camera), viewers.reserve(camera)
    await asyncio.sleep(RESERVATION_S - 1)
    assert viewers.claim(camera, claimed.connection_id) is claimed
    await asyncio.sleep(2)
    assert list(camera.running.stream.connections.values()) == [claimed]
    with pytest.raises(UnknownConnectionError, match="'yard' has no connection"):
        viewers.claim(camera, left.connection_id)
    with pytest.raises(ConnectionInUseError, match="already being read"):
        viewers.claim(camera, claimed.connection_id)


@on_virtual_time
async def test_a_reserved_connection_that_was_closed_lapses_without_harm(
    camera: StillCamera, viewers: ChannelSubscriptionManager
) -> None:
    viewers.close(camera, viewers.reserve(camera))
    other = viewers.open(camera, RAW_ONLY)
    await asyncio.sleep(RESERVATION_S + 1)
    assert list(camera.running.stream.connections.values()) == [other]


@on_virtual_time
async def test_channels_come_and_go_on_a_running_connection(
    camera: StillCamera, viewers: ChannelSubscriptionManager
) -> None:
    connection = viewers.open(camera, RAW_ONLY)
    camera.subscribe(connection, ChannelType.ANNOTATED, QualityLevel.LOW)
    assert connection.encodings == [
        ChannelKey(ChannelType.RAW, QualityLevel.MEDIUM),
        ChannelKey(ChannelType.ANNOTATED, QualityLevel.LOW),
    ]
    camera.subscribe(connection, ChannelType.RAW, None)
    camera.unsubscribe(connection, ChannelType.RAW)
    assert list(connection.channels) == [ChannelType.ANNOTATED]
    camera.unsubscribe(connection, ChannelType.ANNOTATED)
    assert list(connection.channels) == []
    camera.subscribe_detections(connection, wanted=True)
    await camera.capture()
    events = [each["event"] for each in take(camera, connection)]
    assert events == ["health", "detections"]  # whose boxes they are


@on_virtual_time
async def test_only_raw_has_source_quality(
    camera: StillCamera, viewers: ChannelSubscriptionManager
) -> None:
    connection = viewers.open(camera, RAW_ONLY)
    source = QualityLevel.SOURCE
    camera.subscribe(connection, ChannelType.RAW, source)
    with pytest.raises(InvalidRequestError, match="annotated channel has no quality 'source'"):
        camera.subscribe(connection, ChannelType.ANNOTATED, source)
    with pytest.raises(InvalidRequestError, match="annotated channel has no quality 'source'"):
        await viewers.switch(camera, connection, View.ANNOTATED, source)
    assert connection.encodings == [ChannelKey(ChannelType.RAW, source)]


@on_virtual_time
async def test_a_switch_to_what_is_warm_is_at_once(
    camera: StillCamera, viewers: ChannelSubscriptionManager
) -> None:
    connection = viewers.open(camera, RAW_ONLY)
    await camera.capture(3)
    done, switch_ms = await viewers.switch(camera, connection, View.ANNOTATED, None)
    assert (done.previous_channel, done.channel, switch_ms) == (View.RAW, View.ANNOTATED, 0.0)
    assert take(camera, connection)[0]["event"] == "switched"


@on_virtual_time
async def test_a_switch_to_what_is_cold_takes_until_its_keyframe(
    camera: StillCamera, viewers: ChannelSubscriptionManager
) -> None:
    connection = viewers.open(camera, RAW_ONLY)
    await camera.capture()
    switching = asyncio.ensure_future(
        viewers.switch(camera, connection, View.RAW, QualityLevel.LOW)
    )
    await asyncio.sleep(0.04)
    assert not switching.done()
    await camera.capture()
    done, switch_ms = await switching
    assert (done.quality, round(switch_ms)) == (QualityLevel.LOW, 40)


@on_virtual_time
async def test_a_switch_without_a_keyframe_times_out_and_the_old_channel_goes_on(
    camera: StillCamera, viewers: ChannelSubscriptionManager
) -> None:
    connection = viewers.open(camera, RAW_ONLY)
    await camera.capture()
    take(camera, connection)
    loop = asyncio.get_running_loop()
    asked_s = loop.time()
    with pytest.raises(SwitchTimeoutError, match="no keyframe within 100 ms"):
        await viewers.switch(camera, connection, View.RAW, QualityLevel.LOW)
    assert loop.time() - asked_s == pytest.approx(TIMEOUT_S, abs=0.001)
    await camera.capture()
    assert [(each["event"], each["quality"]) for each in take(camera, connection)] == [
        ("fragment", "medium")
    ]


@on_virtual_time
async def test_a_switch_is_given_up_for_the_next_one(
    camera: StillCamera, viewers: ChannelSubscriptionManager
) -> None:
    connection = viewers.open(camera, RAW_ONLY)
    first = asyncio.ensure_future(viewers.switch(camera, connection, View.RAW, QualityLevel.LOW))
    await camera.news()
    second = asyncio.ensure_future(viewers.switch(camera, connection, View.BOTH, None))
    await camera.news()
    with pytest.raises(SwitchTimeoutError):
        await first
    await camera.capture()
    assert (await second)[0].channel == View.BOTH


@on_virtual_time
async def test_a_switch_ends_when_its_connection_does(
    camera: StillCamera, viewers: ChannelSubscriptionManager
) -> None:
    connection = viewers.open(camera, RAW_ONLY)
    switching = asyncio.ensure_future(
        viewers.switch(camera, connection, View.RAW, QualityLevel.LOW)
    )
    await camera.news()
    viewers.close(camera, connection)
    with pytest.raises(SwitchTimeoutError):
        await switching
    with pytest.raises(UnknownConnectionError, match="is closed"):
        await viewers.switch(camera, connection, View.RAW, None)
    await asyncio.sleep(1)
    assert camera.running.stream.connections == {}


@on_virtual_time
async def test_a_client_that_no_longer_waits_for_its_switch_harms_nobody(
    camera: StillCamera, viewers: ChannelSubscriptionManager
) -> None:
    connection = viewers.open(camera, RAW_ONLY)
    switching = asyncio.ensure_future(
        viewers.switch(camera, connection, View.RAW, QualityLevel.LOW)
    )
    await camera.news()
    switching.cancel()
    await camera.capture()
    assert connection.encodings == [ChannelKey(ChannelType.RAW, QualityLevel.LOW)]
    done, _ = await viewers.switch(camera, connection, View.ANNOTATED, None)
    assert done.channel == View.ANNOTATED


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["open", "reserve", "claim", "close", "switch", "subscribe", "capture", "wait"]
        ),
        st.integers(0, 3),
    ),
    max_size=40,
)


@settings(max_examples=40)
@given(STEPS)
def test_every_connection_is_counted_once_and_nothing_is_left_behind(
    steps: list[tuple[str, int]],
) -> None:
    async def scenario(camera: StillCamera, viewers: ChannelSubscriptionManager) -> None:
        known: list[Connection] = []
        switches: list[asyncio.Task[object]] = []
        for verb, number in steps:
            chosen = known[number % len(known)] if known else None
            with suppress(LimitError, UnknownConnectionError, ConnectionInUseError):
                if verb == "open":
                    known.append(viewers.open(camera, RAW_ONLY))
                elif verb == "reserve":
                    known.append(viewers.reserve(camera))
                elif verb == "capture":
                    await camera.capture(number)
                elif verb == "wait":
                    await asyncio.sleep(number * RESERVATION_S / 2)
                elif chosen is not None:
                    act(camera, viewers, chosen, verb, switches)
            assert len(camera.running.stream.connections) <= MAX_CONNECTIONS
        for connection in known:
            viewers.close(camera, connection)
        await asyncio.sleep(2 * RESERVATION_S)
        assert camera.running.stream.connections == {}
        assert camera.still.encoders.wanted == frozenset()
        assert all(each.done() for each in switches), "every switch is answered"
        await asyncio.gather(*switches, return_exceptions=True)
        for _ in range(MAX_CONNECTIONS):
            viewers.open(camera, RAW_ONLY)

    on_virtual_time(scenario)()


def act(
    camera: StillCamera,
    viewers: ChannelSubscriptionManager,
    connection: Connection,
    verb: str,
    switches: list[asyncio.Task[object]],
) -> None:
    if verb == "claim":
        viewers.claim(camera, connection.connection_id)
    elif verb == "close":
        viewers.close(camera, connection)
    elif verb == "subscribe":
        found = camera.connection(connection.connection_id)
        camera.subscribe(found, ChannelType.ANNOTATED, QualityLevel.LOW)
    else:
        switches.append(
            asyncio.ensure_future(viewers.switch(camera, connection, View.BOTH, QualityLevel.HIGH))
        )


@on_virtual_time
async def test_a_replaced_switch_says_that_another_replaced_it(
    camera: StillCamera, viewers: ChannelSubscriptionManager
) -> None:
    connection = viewers.open(camera, RAW_ONLY)
    first = asyncio.ensure_future(viewers.switch(camera, connection, View.RAW, QualityLevel.LOW))
    await camera.news()
    second = asyncio.ensure_future(viewers.switch(camera, connection, View.BOTH, None))
    with pytest.raises(SwitchTimeoutError, match="another switch replaced this one"):
        await first
    viewers.close(camera, connection)
    with pytest.raises(SwitchTimeoutError, match="connection was closed"):
        await second
