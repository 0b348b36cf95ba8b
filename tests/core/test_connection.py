"""What waits for one viewer: control events and boxes, bounded."""

from __future__ import annotations

from dataclasses import replace

from streamlab.core.channels import ChannelKey, ChannelType, QualityLevel, SourceState, View
from streamlab.core.events import Health, SourceStateChanged
from streamlab.core.stream.connection import (
    MAX_DETECTIONS_EVENTS,
    MAX_OUTBOX_EVENTS,
    Connection,
)
from streamlab.core.stream.events import EventsQueued
from tests.core.by_hand import feed, join, read
from tests.core.makers import ANNOTATED, FRAME, RAW, fragment, init_of, stream
from tests.core.viewers import drain


def test_control_events_that_nobody_takes_make_room() -> None:
    made = stream()
    connection = join(made)
    for number in range(MAX_OUTBOX_EVENTS + 3):
        made.post(SourceStateChanged(SourceState.STALLED, str(number)))
    events = read(made, connection)
    assert [event["detail"] for event in events] == [
        str(number) for number in range(3, MAX_OUTBOX_EVENTS + 3)
    ]
    assert connection.outbox_dropped == 3


def test_boxes_are_posted_once_to_those_that_ask() -> None:
    made = stream()
    asks, other = join(made, View.RAW, "asks"), join(made, View.RAW, "other")
    low = ChannelKey(ChannelType.ANNOTATED, QualityLevel.LOW)
    made.receive_init(init_of(low))
    made.request_channels(other, other.channels, {ChannelType.ANNOTATED: QualityLevel.LOW}, 0)
    feed(made, range(1))
    made.request_detections(asks, wanted=True)
    assert EventsQueued() in drain(made)
    assert asks.live_cursors() == {}
    feed(made, range(1, 3), keys=(ANNOTATED, low))
    got = [event for event in read(made, asks) if event["event"] == "detections"]
    assert [(event["pts"], event["detections_pts"]) for event in got] == [
        (3000, 3000),
        (6000, 6000),
    ]
    assert "detections" not in {event["event"] for event in read(made, other)}
    made.request_detections(asks, wanted=False)
    feed(made, range(3, 4))
    assert read(made, asks) == []


def test_boxes_that_nobody_takes_make_room() -> None:
    made = stream()
    connection = join(made, View.RAW)
    made.request_detections(connection, wanted=True)
    feed(made, range(MAX_DETECTIONS_EVENTS + 2), keys=(ANNOTATED,))
    events = read(made, connection)
    assert [event["pts"] for event in events] == [
        number * FRAME for number in range(2, MAX_DETECTIONS_EVENTS + 2)
    ]
    assert connection.outbox_dropped == 2


def test_boxes_are_not_made_up_for_a_frame_without() -> None:
    made = stream()
    connection = join(made, View.RAW)
    made.request_detections(connection, wanted=True)
    plain = replace(fragment(ANNOTATED, 0), frames=fragment(RAW, 0).frames)
    made.receive_release([plain], 0, 1000.0)
    assert read(made, connection) == []


def test_only_the_newest_health_of_a_channel_that_is_sent_waits() -> None:
    viewer = Connection("viewer", [ChannelType.RAW], {ChannelType.RAW: QualityLevel.MEDIUM})
    ill, well = (Health(ChannelType.RAW, {"state": state}) for state in ("failing", "ok"))
    for event in (ill, well):
        viewer.post_health(ChannelType.RAW, event)
        viewer.post_health(ChannelType.ANNOTATED, event)
    assert viewer.live_cursors() == {}
    assert viewer.take({}, {}, 64) == [well]
    assert viewer.take({}, {}, 64) == []
