from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.core.channels import ChannelKey, ChannelType, QualityLevel, View
from streamlab.core.connection import Connection, ConnectionState
from streamlab.core.cursor import ResumePoint
from streamlab.core.stream import DualChannelStream
from streamlab.core.stream_events import (
    EncodersWanted,
    StreamEvent,
    SwitchDone,
    SwitchTimedOut,
)
from tests.core.makers import ANNOTATED, MS_NS, RAW, fragment, init_of, stream

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
    raw = b"".join(connection.take(made.rings, made.inits, max_lag)).decode()
    events = []
    for block in raw.split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        events.append({"event": fields["event"], **json.loads(fields["data"])})
    return [event for event in events if event["event"] != "sync"]


def drain(made: DualChannelStream) -> list[StreamEvent]:
    events = []
    while (event := made.next_event()) is not None:
        events.append(event)
    return events


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


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["feed", "feed", "raw only", "switch", "subscribe", "unsubscribe", "read"]),
        st.sampled_from(list(View)),
        st.integers(1, 45),
    ),
    max_size=60,
)


@given(ACTIONS)
def test_per_channel_what_is_sent_is_gapless_but_for_gaps_joins_and_switches(
    actions: list[tuple[str, View, int]],
) -> None:
    made, connection = stream(), Connection("c", View.BOTH.channels, MEDIUM)
    made.receive_connection(connection, 0)
    sent, made_frames = list[dict[str, Any]](), {RAW: 0, ANNOTATED: 0}
    for verb, view, count in actions:
        if verb in ("feed", "raw only"):
            for key in (RAW,) if verb == "raw only" else (RAW, ANNOTATED):
                numbers = range(made_frames[key], made_frames[key] + count)
                feed(made, numbers, keys=(key,))
                made_frames[key] += count
        elif verb == "switch":
            made.request_switch(connection, view, None, now_ns=0, timeout_ns=TIMEOUT_NS)
        elif verb == "subscribe":
            made.request_channels(connection, {*connection.channels, *view.channels}, {}, 0)
        elif verb == "unsubscribe" and view is not View.BOTH:
            left = set(connection.channels) - {ChannelType(view)}
            made.request_channels(connection, left, {}, 0)
        sent += read(made, connection)
    expected: dict[str, int] = {}
    inits = set()
    for event in sent:
        if event["event"] == "init":
            inits.add((event["channel"], event["init_id"]))
        elif event["event"] == "switched":
            expected.clear()
        elif event["event"] == "gap":
            assert event["to_sequence"] >= event["from_sequence"]
            expected[event["channel"]] = event["to_sequence"] + 1
        else:
            channel = event["channel"]
            assert (channel, event["init_id"]) in inits
            follows = event["sequence"] == expected.get(channel)
            assert follows or event["keyframe"]
            expected[channel] = event["sequence"] + 1
