"""The event log: in order, bounded, and readable from any id on."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from streamlab.camera import SourceChanged
from streamlab.core.channels import SourceState
from streamlab.core.health import OK
from streamlab.viewers.event_log import MAX_DETAIL_CHARS, MAX_EVENTS, EventLog
from tests.viewers.producers import producer_of
from tests.viewers.still_camera import NO_INK, NO_MEMORY, StillCamera
from tests.viewers.virtual import VirtualTime


@given(st.lists(st.integers(0, MAX_EVENTS // 2), max_size=6), st.integers(-10, 2 * MAX_EVENTS))
def test_what_is_held_is_returned_in_order(counts: list[int], ago: int) -> None:
    log = EventLog()
    first = log.newest_id
    for count in counts:
        for _ in range(count):
            log.add("source", "yard", "x" * 2 * MAX_DETAIL_CHARS)
    total = sum(counts)
    assert log.newest_id == first + total
    events = log.after(log.newest_id - ago)
    assert [event.id for event in events] == list(
        range(log.newest_id - len(events) + 1, log.newest_id + 1)
    )
    assert len(events) == max(0, min(ago, total, MAX_EVENTS))
    assert all(len(event.detail) == MAX_DETAIL_CHARS for event in events)


def test_all_who_wait_are_woken() -> None:
    async def scenario() -> None:
        log = EventLog()
        waiting = [asyncio.create_task(log.wait()) for _ in range(3)]
        await asyncio.sleep(0)
        log.add("worker", "", "started")
        await asyncio.gather(*waiting)

    asyncio.run(scenario())


def test_the_newest_health_event_says_all_that_is_wrong() -> None:
    async def scenario() -> None:
        camera = StillCamera()
        camera.check_health()
        camera.still.encoder_healths["raw"] = NO_MEMORY
        camera.check_health()
        camera.still.annotators["annotated"].renderer_health = NO_INK
        camera.check_health()
        camera.still.annotators["annotated"].renderer_health = OK
        camera.check_health()
        details = [each.detail for each in camera.running.events.after(0)]
        encoder = "The encoder of channel raw is failing: OSError: no memory."
        renderer = "Renderer BoxRenderer is failing: ValueError: no ink."
        assert details == [encoder, f"{encoder} {renderer}", encoder]

    VirtualTime().run(scenario)


def test_what_happens_to_a_camera_is_said_once_whether_or_not_somebody_watches() -> None:
    async def scenario() -> None:
        camera = StillCamera()
        events = camera.running.events
        await camera.change_source(SourceState.STALLED, "no picture for 3 s")
        camera.check_health()
        camera.still.annotators["annotated"].renderer_health = NO_INK
        for _ in range(3):
            camera.check_health()
        camera.still.annotators["annotated"].renderer_health = OK
        camera.check_health()
        assert [(event.kind, event.detail) for event in events.after(0)] == [
            ("source", "The source is stalled: no picture for 3 s."),
            ("health", "Renderer BoxRenderer is failing: ValueError: no ink."),
            ("health", "All channels are well."),
        ]
        producer_of(camera)._handover.put([SourceChanged(SourceState.ENDED, "")])
        await camera.news()
        assert events.after(0)[-1].detail == "The source has ended."

    VirtualTime().run(scenario)
