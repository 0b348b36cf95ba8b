"""One camera's streams: who joins, who lags, which encoders run."""

from __future__ import annotations

from streamlab.core.channels import ChannelKey, ChannelType, QualityLevel, View
from streamlab.core.mp4.fragment import InitSegment
from streamlab.core.stream.dual_channel import MAX_INITS
from streamlab.core.stream.events import EncodersWanted
from tests.core.by_hand import feed, join, kinds, read
from tests.core.makers import ANNOTATED, MS_NS, RAW, fragment, stream
from tests.core.viewers import drain


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
    made.handle_timer(4999 * MS_NS)
    assert not [event for event in drain(made) if isinstance(event, EncodersWanted)]
    made.handle_timer(5000 * MS_NS)
    assert EncodersWanted(frozenset()) in drain(made)
    assert not made.rings[RAW]
    feed(made, range(5, 6))
    assert made.counts["fragments_after_stop"] == 2


def test_an_encoder_that_gave_nothing_stops_too() -> None:
    made = stream()
    join(made)
    made.remove_connection("c", 0)
    made.handle_timer(4990 * MS_NS)
    assert made.get_timer() == 5000 * MS_NS
    made.handle_timer(5000 * MS_NS)
    assert drain(made)[-1] == EncodersWanted(frozenset())


def test_a_viewer_that_comes_back_in_time_keeps_the_encoders() -> None:
    made = stream()
    join(made)
    made.remove_connection("c", 0)
    join(made)
    made.handle_timer(5000 * MS_NS)
    assert [event for event in drain(made) if isinstance(event, EncodersWanted)] == [
        EncodersWanted(frozenset({RAW, ANNOTATED}))
    ]


def test_an_encoder_that_begins_anew_makes_a_hole_that_is_told() -> None:
    made = stream()
    connection = join(made, View.RAW)
    feed(made, range(3))
    read(made, connection)
    made.receive_release([fragment(RAW, 30, sequence=10)], 0, 1000.0)
    events = read(made, connection)
    assert kinds(events) == ["gap raw", "fragment raw 10"]
    assert (events[0]["from_sequence"], events[0]["to_sequence"]) == (4, 9)
    assert (events[0]["reason"], connection.gaps) == ("source", 0)
    assert made.rings[RAW].first_sequence == 10


def test_what_a_viewer_misses_is_told_as_lost_before_the_server_only_if_some_was() -> None:
    made = stream()
    connection = join(made, View.RAW)
    feed(made, range(3))
    read(made, connection)
    made.receive_release([fragment(RAW, 31, sequence=10)], 0, 1000.0)
    assert read(made, connection) == [], "it goes on at a keyframe"
    for number in range(32, 62):
        made.receive_release([fragment(RAW, number, sequence=number - 21)], 0, 1000.0)
    (gap,) = [each for each in read(made, connection, max_lag=5) if each["event"] == "gap"]
    assert (gap["from_sequence"], gap["to_sequence"]) == (4, 38)
    assert (gap["reason"], connection.gaps) == ("source", 0)
    for number in range(62, 95):
        made.receive_release([fragment(RAW, number, sequence=number - 21)], 0, 1000.0)
    (gap,) = [each for each in read(made, connection, max_lag=5) if each["event"] == "gap"]
    assert (gap["reason"], connection.gaps) == ("slow_client", 1)


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
