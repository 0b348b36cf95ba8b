"""A client that comes back goes on where it left off, or is told what it will not get."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.core.channels import View
from streamlab.core.stream.connection import Connection
from streamlab.core.stream.cursor import ResumePoint
from streamlab.core.stream.dual_channel import DualChannelStream
from tests.core.by_hand import MEDIUM, feed, join, kinds, read
from tests.core.makers import ANNOTATED, MS_NS, RAW, fragment, stream


def gap(channel: str, first: int | None, last: int | None) -> dict[str, object]:
    sequences = {"from_sequence": first, "to_sequence": last}
    encoding = {"event": "gap", "channel": channel, "quality": "medium"}
    return {**encoding, **sequences, "reason": "resume_expired"}


def sequences(events: list[dict[str, Any]], channel: str) -> list[int]:
    return [e["sequence"] for e in events if (e["event"], e["channel"]) == ("fragment", channel)]


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
    assert sequences(events, "raw") == list(range(last + 1, 77))
    # The id does not say whether annotated was sent: it starts at the keyframe before what was
    # released next, and annotated 'last' was released after raw 'last'.
    keyframe = (last - 1) // 30 * 30 + 1
    assert sequences(events, "annotated") == list(range(keyframe, 77))
    gaps = [event for event in events if event["event"] == "gap"]
    assert gaps == [gap("annotated", None, None)]
    assert kinds(events).index("gap annotated") < kinds(events).index("init annotated")


@pytest.mark.parametrize(("last", "missed"), [(0, (1, 90)), (5, (6, 90)), (10_000, (None, None))])
def test_a_client_that_comes_back_too_late_is_told(
    last: int, missed: tuple[int | None, int | None]
) -> None:
    made = stream()
    join(made, name="keeps the encoders running")
    feed(made, range(105))
    events = read(made, resumed(made, last, View.RAW))
    assert events[0] == gap("raw", *missed)
    assert (events[2]["sequence"], events[2]["keyframe"]) == (91, True)


def test_every_channel_of_a_client_that_comes_back_too_late_is_told() -> None:
    made = stream()
    join(made, name="keeps the encoders running")
    feed(made, range(105))
    events = read(made, resumed(made, 5))
    assert events[:2] == [gap("raw", 6, 90), gap("annotated", None, None)]
    assert sequences(events, "raw") == sequences(events, "annotated") == list(range(91, 106))


def test_a_gap_ends_where_the_client_joins_even_if_that_is_not_the_newest_keyframe() -> None:
    made = stream()
    join(made, name="keeps the encoders running")
    feed(made, range(90))
    feed(made, range(90, 95), keys=(RAW,))  # annotated has no keyframe 91 yet
    events = read(made, resumed(made, 5))
    assert events[0] == gap("raw", 6, 60)
    assert sequences(events, "raw")[0] == sequences(events, "annotated")[0] == 61


def test_a_client_of_one_channel_that_goes_on_is_told_of_no_gap() -> None:
    made = stream()
    join(made, name="keeps the encoders running")
    feed(made, range(75))
    again = resumed(made, 70, View.RAW)
    assert kinds(read(made, again)) == ["init raw", *(f"fragment raw {n}" for n in range(71, 76))]
    assert again.live_cursors()


def test_a_channel_added_before_the_first_read_is_told_as_well() -> None:
    made = stream()
    join(made, name="keeps the encoders running")
    feed(made, range(75))
    again = resumed(made, 70, View.RAW)
    made.request_channels(again, View.BOTH.channels, {}, 0)
    events = read(made, again)
    assert (sequences(events, "raw")[0], events[0]) == (71, gap("annotated", None, None))
    made.request_channels(again, View.RAW.channels, {}, 0)
    made.request_channels(again, View.BOTH.channels, {}, 0)
    assert "gap" not in {event["event"] for event in read(made, again)}, "it was told once"


def test_what_a_client_that_comes_back_too_late_and_switches_at_once_missed_is_told() -> None:
    made = stream()
    join(made, name="keeps the encoders running")
    feed(made, range(105))
    again = resumed(made, 5, View.RAW)
    made.request_switch(again, View.BOTH, {}, now_ns=0, timeout_ns=MS_NS)
    events = read(made, again)
    assert events[0] == gap("raw", 6, 90)
    assert kinds(events)[1:3] == ["switched both", "init raw"]


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
    assert sorted(sent) == sorted([*range(31, 62), *range(1, 61)])


def test_a_channel_that_dropped_too_much_joins_anew_while_the_named_one_resumes() -> None:
    made = stream()
    join(made, name="keeps the encoders running")
    feed(made, range(90))
    feed(made, range(90, 130), keys=(ANNOTATED,))  # 31 to 60 are dropped
    events = read(made, resumed(made, 50))
    sent = [(event["channel"], event["sequence"]) for event in events if "sequence" in event]
    assert sorted(number for channel, number in sent if channel == "raw") == [*range(51, 91)]
    joined = next(event for event in events if event.get("channel") == "annotated")
    assert joined == gap("annotated", None, None)
    assert next(number for channel, number in sent if channel == "annotated") == 121


def test_a_channel_that_joined_first_goes_on_when_the_other_resumes() -> None:
    made = stream()
    join(made, name="keeps the encoders running")
    feed(made, range(30), keys=(ANNOTATED,))
    again = resumed(made, 30)
    feed(made, range(30, 31), keys=(ANNOTATED,))
    told = ["gap annotated", "init annotated", "fragment annotated 31"]
    assert kinds(read(made, again)) == told
    feed(made, range(31, 32), keys=(ANNOTATED,))
    made.receive_release([fragment(RAW, 30)], 0, 1000.0)  # where the client left off
    assert kinds(read(made, again)) == ["fragment annotated 32", "init raw", "fragment raw 31"]


def test_an_id_of_an_encoding_that_is_not_sent_names_none_that_is() -> None:
    made = stream()
    join(made, name="keeps the encoders running")
    feed(made, range(2))
    connection = Connection(
        "again", View.RAW.channels, MEDIUM, resume=ResumePoint.parse("raw/low/1")
    )
    made.receive_connection(connection, 0)
    told = ["gap raw", "init raw", "fragment raw 1", "fragment raw 2"]
    assert kinds(read(made, connection)) == told
    assert connection.live_cursors()


def test_who_joins_or_resumes_far_behind_has_not_lagged() -> None:
    made = stream()
    join(made, name="keeps the encoders running")
    feed(made, range(30))
    feed(made, range(30, 50), keys=(RAW,))
    for connection in (join(made), resumed(made, 2)):
        events = read(made, connection, max_lag=5)
        assert "slow_client" not in {event.get("reason") for event in events}
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
