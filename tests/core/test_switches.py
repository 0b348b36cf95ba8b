"""A switch of channel or quality within a running connection."""

from __future__ import annotations

import pytest

from streamlab.core.channels import ChannelKey, ChannelType, QualityLevel, SourceState, View
from streamlab.core.events import SourceStateChanged
from streamlab.core.stream.connection import (
    MAX_HANDOVER_EVENTS,
    MAX_OUTBOX_EVENTS,
    Connection,
)
from streamlab.core.stream.cursor import ResumePoint
from streamlab.core.stream.events import (
    EncodersWanted,
    SwitchDone,
    SwitchTimedOut,
)
from streamlab.errors import UnknownConnectionError
from tests.core.by_hand import MEDIUM, TIMEOUT_NS, feed, join, kinds, read
from tests.core.makers import ANNOTATED, MS_NS, RAW, fragment, init_of, stream
from tests.core.viewers import drain


def test_a_switch_gives_switched_init_keyframe_at_once() -> None:
    made = stream()
    connection = join(made, View.RAW)
    feed(made, range(40))
    read(made, connection)
    made.request_switch(connection, View.ANNOTATED, {}, now_ns=0, timeout_ns=TIMEOUT_NS)
    (done,) = [event for event in drain(made) if isinstance(event, SwitchDone)]
    assert (done.previous_channel, done.channel, done.at_pts) == (View.RAW, View.ANNOTATED, 90_000)
    events = read(made, connection)
    assert kinds(events[:3]) == ["switched annotated", "init annotated", "fragment annotated 31"]
    assert events[2]["keyframe"]
    assert {event["channel"] for event in events} == {"annotated"}
    assert not made._pending


def test_going_back_needs_no_second_init() -> None:
    made = stream()
    connection = join(made, View.RAW)
    feed(made, range(5))
    read(made, connection)
    for view in (View.ANNOTATED, View.RAW):
        made.request_switch(connection, view, {}, now_ns=0, timeout_ns=TIMEOUT_NS)
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
    made.request_switch(
        connection, View.RAW, {"raw": QualityLevel.LOW}, now_ns=0, timeout_ns=TIMEOUT_NS
    )
    assert EncodersWanted(frozenset({RAW, ANNOTATED, low})) in drain(made)
    assert list(made._pending) == ["c"]
    made.receive_release([fragment(low, 0)], 40 * MS_NS, 1000.0)
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
    made.request_switch(connection, View.ANNOTATED, {}, now_ns=0, timeout_ns=TIMEOUT_NS)
    assert made.get_timer() == TIMEOUT_NS
    made.handle_timer(TIMEOUT_NS)
    assert SwitchTimedOut("c") in drain(made)
    feed(made, range(3, 4), keys=(RAW,))
    assert kinds(read(made, connection)) == ["fragment raw 4"]
    assert made.counts["switch_timeouts"] == 1


def test_a_closed_connection_cannot_switch() -> None:
    made = stream()
    connection = join(made)
    made.request_switch(
        connection, View.RAW, {"raw": QualityLevel.LOW}, now_ns=0, timeout_ns=TIMEOUT_NS
    )
    made.remove_connection("c", 0)
    made.remove_connection("c", 0)
    assert not made.connections
    assert drain(made).count(SwitchTimedOut("c")) == 1
    with pytest.raises(UnknownConnectionError, match="'c' is closed"):
        made.request_switch(connection, View.RAW, {}, now_ns=0, timeout_ns=TIMEOUT_NS)
    made.handle_timer(TIMEOUT_NS)
    assert SwitchTimedOut("c") not in drain(made)


def test_a_switch_is_given_up_for_the_next_and_waits_no_longer_than_asked() -> None:
    made = stream()
    connection = join(made)
    for quality, timeout_ns in ((QualityLevel.LOW, 10), (QualityLevel.HIGH, TIMEOUT_NS)):
        made.request_switch(connection, View.RAW, {"raw": quality}, now_ns=0, timeout_ns=timeout_ns)
    made.handle_timer(10)
    assert list(made._pending) == ["c"]
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
    made.request_switch(
        connection, View.BOTH, {"raw": QualityLevel.SOURCE}, now_ns=0, timeout_ns=TIMEOUT_NS
    )
    feed(made, range(1), keys=(source, ANNOTATED))
    assert connection.encodings == [source, ANNOTATED]
    assert read(made, connection)[0]["reason"] == "client"


def test_what_was_not_read_before_the_switch_comes_first() -> None:
    made = stream()
    connection = join(made, View.RAW)
    feed(made, range(25))
    read(made, connection)
    feed(made, range(25, 40))
    made.request_switch(connection, View.ANNOTATED, {}, now_ns=0, timeout_ns=TIMEOUT_NS)
    for number in range(2 * MAX_OUTBOX_EVENTS):
        made.post(SourceStateChanged(SourceState.STALLED, str(number)))
    told = kinds(read(made, connection))
    assert told[:5] == [f"fragment raw {sequence}" for sequence in range(26, 31)]
    assert told[5] == "switched annotated"
    assert told[-11:-9] == ["init annotated", "fragment annotated 31"]


def test_a_viewer_that_resumes_and_switches_at_once_is_owed_what_it_resumes() -> None:
    made = stream()
    join(made, name="keeps the encoders running")
    feed(made, range(40))
    point = ResumePoint.parse("raw/medium/25")
    connection = Connection("again", View.RAW.channels, MEDIUM, resume=point)
    made.receive_connection(connection, 0)
    made.request_switch(connection, View.ANNOTATED, {}, now_ns=0, timeout_ns=TIMEOUT_NS)
    told = kinds(read(made, connection))
    assert told[0] == "init raw"
    assert told[1:6] == [f"fragment raw {sequence}" for sequence in range(26, 31)]
    assert told[6] == "switched annotated"


def test_what_a_slow_viewer_loses_by_a_switch_is_a_gap() -> None:
    made = stream()
    connection = join(made, View.RAW)
    feed(made, range(5))
    read(made, connection)
    feed(made, range(5, 40))
    made.request_switch(connection, View.ANNOTATED, {}, now_ns=0, timeout_ns=TIMEOUT_NS)
    gap, switched = read(made, connection, max_lag=8)[:2]
    assert (gap["event"], gap["channel"], gap["reason"]) == ("gap", "raw", "slow_client")
    assert (gap["from_sequence"], gap["to_sequence"]) == (6, 30)
    assert switched["event"] == "switched"
    assert connection.gaps == 1


def test_a_switch_begins_where_the_old_channel_has_come_to() -> None:
    made = stream()
    connection = join(made, View.ANNOTATED)
    feed(made, range(29))
    feed(made, range(29, 33), keys=(RAW,))
    made.request_switch(connection, View.RAW, {}, now_ns=0, timeout_ns=TIMEOUT_NS)
    feed(made, range(33, 35), keys=(RAW,))
    told = read(made, connection)
    (switched,) = [event for event in told if event["event"] == "switched"]
    assert switched["at_pts"] == 0, "frames 29 to 32 of annotated have not been released"


def test_switches_that_nobody_reads_are_bounded() -> None:
    made = stream()
    connection = join(made, View.RAW)
    feed(made, range(5))
    for number in range(MAX_HANDOVER_EVENTS):
        view = (View.ANNOTATED, View.RAW)[number % 2]
        made.request_switch(connection, view, {}, now_ns=0, timeout_ns=TIMEOUT_NS)
    assert connection.outbox_dropped > 0
    told = kinds(read(made, connection))
    assert told[-6:] == ["init raw", *(f"fragment raw {sequence}" for sequence in range(1, 6))]


def test_a_connection_that_loses_channels_is_sent_the_others_and_its_switch_fails() -> None:
    made = stream()
    connection = join(made)
    feed(made, range(3))
    read(made, connection)
    cold = {"annotated": QualityLevel.LOW}
    made.request_switch(connection, View.ANNOTATED, cold, now_ns=0, timeout_ns=TIMEOUT_NS)
    made.withdraw_channels(connection, ["raw"], 0)
    assert SwitchTimedOut("c") in drain(made)
    assert connection.channels == ("annotated",)
    feed(made, range(3, 6))
    assert {event["channel"] for event in read(made, connection)} == {"annotated"}
    made.withdraw_channels(connection, ["annotated"], 0)
    assert not connection.channels


def test_a_channel_whose_cache_was_dropped_can_be_joined_at_its_next_keyframe() -> None:
    made = stream()
    first = join(made)
    feed(made, range(20))
    read(made, first)
    made.drop_cached("annotated")
    late = join(made, View.ANNOTATED, "late")
    assert read(made, late) == []
    feed(made, range(20, 31))
    assert kinds(read(made, late)) == ["init annotated", "fragment annotated 31"]
    assert [event["sequence"] for event in read(made, first) if event["channel"] == "raw"] == list(
        range(21, 32)
    )
