from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.core.channels import ChannelKey, ChannelType, QualityLevel, SourceState, View
from streamlab.core.connection import (
    MAX_DETECTIONS_EVENTS,
    MAX_OUTBOX_EVENTS,
    Connection,
    ConnectionState,
)
from streamlab.core.cursor import ResumePoint
from streamlab.core.events import Source
from streamlab.core.fragment import InitSegment
from streamlab.core.playout import SyncPolicy
from streamlab.core.stream import MAX_INITS, DualChannelStream
from streamlab.core.stream_events import (
    EncodersWanted,
    SwitchDone,
    SwitchTimedOut,
    Wake,
)
from streamlab.core.sync_events import BoxDeadline
from streamlab.errors import UnknownConnectionError
from tests.core.makers import ANNOTATED, FRAME, MS_NS, RAW, controller, fragment, init_of, stream
from tests.core.viewers import drain, parse

MEDIUM = dict.fromkeys(ChannelType, QualityLevel.MEDIUM)
TIMEOUT_NS = 100 * MS_NS


def join(made: DualChannelStream, view: View = View.BOTH, name: str = "c") -> Connection:
    connection = Connection(name, view.channels, MEDIUM)
    made.receive_connection(connection, 0)
    return connection


def feed(
    made: DualChannelStream, numbers: range, keys: tuple[ChannelKey, ...] = (RAW, ANNOTATED)
) -> None:
    for number in numbers:
        for key in keys:
            made.receive_fragment(fragment(key, number), number * 33 * MS_NS, 1000.0)


def read(
    made: DualChannelStream, connection: Connection, max_lag: int = 64
) -> list[dict[str, Any]]:
    return parse(connection.take(made.rings, made.inits, max_lag))


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [f"{e['event']} {e.get('channel', '')} {e.get('sequence', '')}".strip() for e in events]


def test_both_channels_of_a_viewer_are_kept_warm() -> None:
    made = stream()
    join(made, View.RAW)
    wanted = [event for event in drain(made) if isinstance(event, EncodersWanted)]
    assert wanted == [EncodersWanted(frozenset({RAW, ANNOTATED}))]


def test_a_late_viewer_gets_init_and_the_newest_gop_then_live() -> None:
    made = stream()
    join(made, name="first")
    feed(made, range(75))
    late = join(made, View.RAW, name="late")
    events = read(made, late)
    assert kinds(events[:2]) == ["init raw", "fragment raw 61"]
    assert [event["sequence"] for event in events[1:]] == list(range(61, 76))
    assert all(event["cached"] for event in events[1:])
    feed(made, range(75, 76))
    (live,) = read(made, late)
    assert (live["sequence"], live["cached"]) == (76, False)


def test_both_channels_start_at_the_same_keyframe() -> None:
    made = stream()
    join(made, name="first")
    feed(made, range(60))
    feed(made, range(60, 65), keys=(RAW,))
    late = join(made, name="late")
    first: dict[str, int] = {}
    for event in read(made, late):
        if event["event"] == "fragment":
            first.setdefault(event["channel"], event["pts"])
    assert first == {"raw": 30 * 3000, "annotated": 30 * 3000}


def test_a_switch_gives_switched_init_keyframe_at_once() -> None:
    made = stream()
    connection = join(made, View.RAW)
    feed(made, range(40))
    read(made, connection)
    made.request_switch(connection, View.ANNOTATED, None, now_ns=0, timeout_ns=TIMEOUT_NS)
    (done,) = [event for event in drain(made) if isinstance(event, SwitchDone)]
    assert (done.previous_channel, done.channel, done.at_pts) == (View.RAW, View.ANNOTATED, 90_000)
    events = read(made, connection)
    assert kinds(events[:3]) == ["switched annotated", "init annotated", "fragment annotated 31"]
    assert events[2]["keyframe"]
    assert {event["channel"] for event in events} == {"annotated"}
    assert connection.state is ConnectionState.LIVE


def test_going_back_needs_no_second_init() -> None:
    made = stream()
    connection = join(made, View.RAW)
    feed(made, range(5))
    read(made, connection)
    for view in (View.ANNOTATED, View.RAW):
        made.request_switch(connection, view, None, now_ns=0, timeout_ns=TIMEOUT_NS)
        events = read(made, connection)
    assert kinds(events[:2]) == ["switched raw", "fragment raw 1"]


def test_a_switch_to_a_cold_quality_waits_for_its_keyframe() -> None:
    made = stream()
    connection = join(made, View.RAW)
    feed(made, range(10))
    read(made, connection)
    drain(made)
    low = ChannelKey(ChannelType.RAW, QualityLevel.LOW)
    made.receive_init(init_of(low))
    made.request_switch(connection, View.RAW, QualityLevel.LOW, now_ns=0, timeout_ns=TIMEOUT_NS)
    assert EncodersWanted(frozenset({RAW, ANNOTATED, low})) in drain(made)
    assert connection.state is ConnectionState.SWITCHING
    made.receive_fragment(fragment(low, 0), 40 * MS_NS, 1000.0)
    (done,) = [event for event in drain(made) if isinstance(event, SwitchDone)]
    assert (done.quality, done.requested_ns) == (QualityLevel.LOW, 0)
    events = read(made, connection)
    assert [event["event"] for event in events] == ["switched", "init", "fragment"]
    assert events[0]["reason"] == "quality"


def test_a_switch_that_gets_no_keyframe_times_out_and_the_old_channel_goes_on() -> None:
    made = stream()
    connection = join(made, View.RAW)
    feed(made, range(3), keys=(RAW,))
    read(made, connection)
    made.request_switch(connection, View.ANNOTATED, None, now_ns=0, timeout_ns=TIMEOUT_NS)
    assert made.get_timer() == TIMEOUT_NS
    made.handle_timer(TIMEOUT_NS, 1000.0)
    assert SwitchTimedOut("c") in drain(made)
    feed(made, range(3, 4), keys=(RAW,))
    assert kinds(read(made, connection)) == ["fragment raw 4"]
    assert made.counts["switch_timeouts"] == 1


def test_a_viewer_that_lags_gets_a_gap_and_goes_on_at_a_keyframe() -> None:
    made = stream()
    connection = join(made, View.RAW)
    feed(made, range(5))
    read(made, connection)
    feed(made, range(5, 200))
    events = read(made, connection)
    assert kinds(events[:2]) == ["gap raw", "fragment raw 181"]
    assert (events[0]["from_sequence"], events[0]["to_sequence"]) == (6, 180)
    assert events[1]["keyframe"]


def test_encoders_linger_and_stop() -> None:
    made = stream()
    join(made)
    feed(made, range(5))
    made.remove_connection("c", 0)
    drain(made)
    made.handle_timer(4999 * MS_NS, 1000.0)
    assert not [event for event in drain(made) if isinstance(event, EncodersWanted)]
    made.handle_timer(5000 * MS_NS, 1000.0)
    assert EncodersWanted(frozenset()) in drain(made)
    assert not made.rings[RAW]
    feed(made, range(5, 6))
    assert made.counts["fragments_after_stop"] == 2


def resumed(made: DualChannelStream, sequence: int, view: View = View.BOTH) -> Connection:
    point = ResumePoint.parse(f"raw/medium/{sequence}")
    connection = Connection("again", view.channels, MEDIUM, resume=point)
    made.receive_connection(connection, 0)
    return connection


@pytest.mark.parametrize("last", [31, 50, 74, 75])
def test_a_client_that_comes_back_goes_on_where_it_left_off(last: int) -> None:
    made = stream()
    join(made, name="keeps the encoders running")
    feed(made, range(75))
    again = resumed(made, last)
    feed(made, range(75, 76))
    events = read(made, again)
    for channel in ("raw", "annotated"):
        mine = [
            e["sequence"] for e in events if (e["event"], e["channel"]) == ("fragment", channel)
        ]
        # The order of release decides: annotated 'last' was released after raw 'last'.
        assert mine == list(range(last + (channel == "raw"), 77))
    assert "gap" not in {event["event"] for event in events}


@pytest.mark.parametrize("last", [0, 5, 10_000])
def test_a_client_that_comes_back_too_late_is_told(last: int) -> None:
    made = stream()
    join(made, name="keeps the encoders running")
    feed(made, range(105))
    events = read(made, resumed(made, last, View.RAW))
    assert (events[0]["event"], events[0]["reason"]) == ("gap", "resume_expired")
    assert events[0]["from_sequence"] <= events[0]["to_sequence"]
    assert events[2]["keyframe"]


@pytest.mark.parametrize(
    "text", ["", "x", "raw/medium", "raw/medium/x", "blue/medium/1", "raw/best/1"]
)
def test_an_id_that_is_none_of_ours_is_ignored(text: str) -> None:
    assert ResumePoint.parse(text) is None


def test_a_resumed_channel_misses_nothing_when_its_named_fragment_has_just_been_dropped() -> None:
    made = stream()
    join(made, name="keeps the encoders running")
    feed(made, range(60))
    feed(made, range(60, 61), keys=(RAW,))  # it begins a third GOP: 1 to 30 are dropped
    assert made.rings[RAW].first_sequence == 31
    sent = [event["sequence"] for event in read(made, resumed(made, 30)) if "sequence" in event]
    assert sorted(sent) == sorted([*range(31, 62), *range(30, 61)])


def test_a_channel_that_dropped_too_much_joins_anew_while_the_named_one_resumes() -> None:
    made = stream()
    join(made, name="keeps the encoders running")
    feed(made, range(90))
    feed(made, range(90, 130), keys=(ANNOTATED,))  # 31 to 60 are dropped
    events = read(made, resumed(made, 50))
    sent = [(event["channel"], event["sequence"]) for event in events if "sequence" in event]
    assert sorted(number for channel, number in sent if channel == "raw") == [*range(51, 91)]
    joined = next(event for event in events if event.get("channel") == "annotated")
    assert joined["event"] == "init"
    assert next(number for channel, number in sent if channel == "annotated") == 121


def test_a_channel_that_joined_first_goes_on_when_the_other_resumes() -> None:
    made = stream()
    join(made, name="keeps the encoders running")
    feed(made, range(30), keys=(ANNOTATED,))
    again = resumed(made, 30)
    feed(made, range(30, 31), keys=(ANNOTATED,))
    assert kinds(read(made, again)) == ["init annotated", "fragment annotated 31"]
    feed(made, range(31, 32), keys=(ANNOTATED,))
    made.receive_fragment(fragment(RAW, 30), 0, 1000.0)  # where the client left off
    assert kinds(read(made, again)) == ["fragment annotated 32", "init raw", "fragment raw 31"]


def test_an_encoding_that_is_not_sent_cannot_be_resumed() -> None:
    made = stream()
    join(made, name="keeps the encoders running")
    feed(made, range(2))
    connection = Connection(
        "again", View.RAW.channels, MEDIUM, resume=ResumePoint.parse("raw/low/1")
    )
    made.receive_connection(connection, 0)
    assert kinds(read(made, connection))[1:] == ["fragment raw 1", "fragment raw 2"]
    assert connection.in_step()


def test_who_joins_or_resumes_far_behind_has_not_lagged() -> None:
    made = stream()
    join(made, name="keeps the encoders running")
    feed(made, range(30))
    feed(made, range(30, 50), keys=(RAW,))
    for connection in (join(made), resumed(made, 2)):
        events = read(made, connection, max_lag=5)
        assert "gap" not in {event["event"] for event in events}
        assert connection.gaps == 0


@given(st.lists(st.sampled_from([*"/raw0179\u0663x", "raw", "low", "annotated"]), max_size=12))
def test_any_last_event_id_is_read_or_ignored(parts: list[str]) -> None:
    text = "".join(parts)
    point = ResumePoint.parse(text)
    if point is not None:
        assert text.startswith(f"{point.key.channel}/{point.key.quality}/")
        assert point.sequence == int(text.rpartition("/")[2])


def test_an_id_of_endless_digits_is_ignored() -> None:
    assert ResumePoint.parse("raw/medium/" + "1" * 5000) is None


def test_control_events_that_nobody_takes_make_room() -> None:
    made = stream()
    connection = join(made)
    for number in range(MAX_OUTBOX_EVENTS + 3):
        made.post(Source(SourceState.STALLED, str(number)))
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
    assert Wake() in drain(made)
    assert asks.in_step() == {}
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
    made.receive_fragment(plain, 0, 1000.0)
    assert read(made, connection) == []


def test_a_closed_connection_cannot_switch() -> None:
    made = stream()
    connection = join(made)
    made.request_switch(connection, View.RAW, QualityLevel.LOW, now_ns=0, timeout_ns=TIMEOUT_NS)
    made.remove_connection("c", 0)
    made.remove_connection("c", 0)
    assert connection.state is ConnectionState.CLOSED
    assert drain(made).count(SwitchTimedOut("c")) == 1
    with pytest.raises(UnknownConnectionError, match="'c' is closed"):
        made.request_switch(connection, View.RAW, None, now_ns=0, timeout_ns=TIMEOUT_NS)
    made.handle_timer(TIMEOUT_NS, 1000.0)
    assert SwitchTimedOut("c") not in drain(made)


def test_a_switch_is_given_up_for_the_next_and_waits_no_longer_than_asked() -> None:
    made = stream()
    connection = join(made)
    for quality, timeout_ns in ((QualityLevel.LOW, 10), (QualityLevel.HIGH, TIMEOUT_NS)):
        made.request_switch(connection, View.RAW, quality, now_ns=0, timeout_ns=timeout_ns)
    made.handle_timer(10, 1000.0)
    assert connection.state is ConnectionState.SWITCHING
    assert made.get_timer() == TIMEOUT_NS
    assert made.counts["switches_superseded"] == 1
    source = {ChannelKey(ChannelType.RAW, QualityLevel.HIGH), RAW, ANNOTATED}
    wanted = [event.keys for event in drain(made) if isinstance(event, EncodersWanted)]
    assert source <= wanted[-1]


def test_both_channels_switch_to_source_quality_which_only_raw_has() -> None:
    made = stream()
    connection = join(made, View.RAW)
    source = ChannelKey(ChannelType.RAW, QualityLevel.SOURCE)
    made.receive_init(init_of(source))
    made.request_switch(connection, View.BOTH, QualityLevel.SOURCE, now_ns=0, timeout_ns=TIMEOUT_NS)
    feed(made, range(1), keys=(source, ANNOTATED))
    assert connection.encodings == [source, ANNOTATED]
    assert read(made, connection)[0]["reason"] == "client"


def test_until_when_a_frame_waits_for_its_boxes_is_passed_on() -> None:
    made = DualChannelStream("cam-1", controller(SyncPolicy.HYBRID), max_fragments=9, linger_ns=0)
    made.receive_lag(0, 10 * MS_NS, 10 * MS_NS, 1000.0)
    assert [type(event) for event in drain(made)] == [BoxDeadline]


def test_an_encoder_that_gave_nothing_stops_too() -> None:
    made = stream()
    join(made)
    made.remove_connection("c", 0)
    made.handle_timer(4990 * MS_NS, 1000.0)
    assert made.get_timer() == 5000 * MS_NS
    made.handle_timer(5000 * MS_NS, 1000.0)
    assert drain(made)[-1] == EncodersWanted(frozenset())


def test_a_viewer_that_comes_back_in_time_keeps_the_encoders() -> None:
    made = stream()
    join(made)
    made.remove_connection("c", 0)
    join(made)
    made.handle_timer(5000 * MS_NS, 1000.0)
    assert [event for event in drain(made) if isinstance(event, EncodersWanted)] == [
        EncodersWanted(frozenset({RAW, ANNOTATED}))
    ]


def test_an_encoder_that_begins_anew_makes_a_hole_that_is_told() -> None:
    made = stream()
    connection = join(made, View.RAW)
    feed(made, range(3))
    read(made, connection)
    made.receive_fragment(fragment(RAW, 30, sequence=10), 0, 1000.0)
    assert kinds(read(made, connection)) == ["gap raw", "fragment raw 10"]
    assert made.rings[RAW].first_sequence == 10


def test_an_init_segment_that_is_still_needed_is_kept() -> None:
    made = stream()
    join(made)
    feed(made, range(1))
    source = ChannelKey(ChannelType.RAW, QualityLevel.SOURCE)
    for number in range(3 * MAX_INITS):  # a camera that changes its parameter sets in each GOP
        made.receive_init(InitSegment(source, "", 640, 360, 30.0, str(number).encode()))
    assert len(made.inits) == MAX_INITS
    late = join(made, name="late")
    assert [event["event"] for event in read(made, late)] == ["init", "fragment"] * 2
    assert InitSegment(source, "", 640, 360, 30.0, b"0").init_id not in made.inits
