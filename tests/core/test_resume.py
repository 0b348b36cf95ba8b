"""A client that comes back goes on where it left off, or is told what it will not get."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.core.channels import View
from streamlab.core.stream.connection import Connection
from streamlab.core.stream.cursor import ResumePoint
from streamlab.core.stream.dual_channel import DualChannelStream
from tests.core.by_hand import MEDIUM, feed, join, kinds, read
from tests.core.makers import ANNOTATED, RAW, fragment, stream


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
    "text", ["", "x", "raw/medium", "raw/medium/x", "Blue/medium/1", "raw/best/1"]
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
    assert connection.live_cursors()


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
