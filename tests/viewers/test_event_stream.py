"""The events of a camera: in order, bounded, and over when the camera is."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from streamlab.camera import DetectionTimed
from streamlab.core.channels import ChannelType
from streamlab.core.stream.events import FragmentReleased
from streamlab.core.stream.ring import Released
from streamlab.viewers.event_stream import MAX_BYTES, MAX_EVENTS, CameraEvent, EventStream
from tests.core.makers import RAW, fragment
from tests.viewers.still_camera import StillCamera
from tests.viewers.virtual import VirtualTime


def timed(numbers: range) -> list[CameraEvent]:
    return [DetectionTimed("annotated", number, None) for number in numbers]


@given(st.lists(st.tuples(st.integers(0, MAX_EVENTS // 2), st.booleans()), max_size=8))
def test_the_newest_are_kept_and_what_was_dropped_is_counted(
    steps: list[tuple[int, bool]],
) -> None:
    stream, added, taken = EventStream(lambda _: None), 0, list[CameraEvent]()
    for count, takes in steps:
        stream.add(timed(range(added, added + count)))
        added += count
        if takes:
            taken += stream.take()
    taken += stream.take()
    assert len(taken) + stream.dropped == added
    pts = [event.pts for event in taken if isinstance(event, DetectionTimed)]
    assert pts == sorted(pts)
    if taken:
        assert pts[-1] == added - 1


def test_large_fragments_make_room_sooner() -> None:
    stream = EventStream(lambda _: None)
    large = fragment(RAW, 0)
    large.data = bytes(MAX_BYTES // 4)
    for number in range(6):
        stream.add([FragmentReleased(Released(large, 0.0, number), number)])
    assert (len(stream.take()), stream.dropped) == (4, 2)
    stream.add([large])
    assert stream.take() == [large]


def test_who_follows_a_camera_sees_what_is_ready_before_it_is_released() -> None:
    async def scenario() -> None:
        camera = StillCamera()
        camera.join("viewer", ChannelType, {})
        stream = camera.events()
        await camera.capture(2)
        events = stream.take()
        released = [event for event in events if isinstance(event, FragmentReleased)]
        assert len(released) == 4
        for event in released:
            assert events.index(event.entry.fragment) < events.index(event)

    VirtualTime().run(scenario)


def test_it_ends_with_the_camera_and_can_be_closed_before() -> None:
    async def scenario() -> None:
        camera = StillCamera()
        stream, other = camera.events(), camera.events()
        other.close()
        other.close()

        async def follow() -> list[CameraEvent]:
            return [event async for event in stream]

        following = asyncio.create_task(follow())
        stream.add(timed(range(3)))
        await asyncio.sleep(0)
        stream.add(timed(range(3, 4)))
        camera._running.end("camera_removed")
        assert await following == timed(range(4))
        assert [event async for event in other] == []
        assert camera._running._event_streams == set()

    VirtualTime().run(scenario)
