"""Every fragment once, and no hole that was not told, whatever the connections bring."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from streamlab.client import Event, Fragment, Gap
from streamlab.client.delivery import Delivery

from .makers import connected, fragment, gap, switched

GOP = 5
BOTH = ("raw", "annotated")
Lives = list[tuple[int, int, set[int]]]


def run(*events: Event) -> list[Event]:
    return feed(Delivery(), *events)


def feed(delivery: Delivery, *events: Event) -> list[Event]:
    return [given for event in events for given in delivery.receive(event)]


def sequences(events: list[Event]) -> list[int]:
    return [event.sequence for event in events if isinstance(event, Fragment)]


def media(first: int, last: int) -> Iterator[Fragment]:
    for sequence in range(first, last + 1):
        yield fragment(sequence, keyframe=sequence % GOP == 0)


def test_a_resumed_connection_goes_on() -> None:
    given = run(connected(), *media(10, 12), connected(), *media(13, 16))
    assert sequences(given) == list(range(10, 17))
    assert not [event for event in given if isinstance(event, Gap)]


def test_what_was_given_already_is_left_out() -> None:
    delivery = Delivery()
    feed(delivery, connected(), *media(10, 13), connected())
    assert feed(delivery, *media(10, 14)) == [fragment(14)]
    assert delivery.counts["duplicates"] == 4


def test_a_hole_is_told_and_ends_at_a_keyframe() -> None:
    given = run(connected(), *media(10, 12), connected(), *media(18, 21))
    assert sequences(given) == [10, 11, 12, 20, 21]
    told = next(event for event in given if isinstance(event, Gap))
    assert (told.from_sequence, told.to_sequence, told.reason) == (13, 19, "resume_expired")
    assert given.index(told) == given.index(fragment(20, keyframe=True)) - 1


def test_bytes_that_are_gone_become_a_gap() -> None:
    delivery = Delivery()
    feed(delivery, connected(), *media(10, 12))
    delivery.receive_missing(fragment(13), "no_longer_held")
    given = feed(delivery, *media(14, 16))
    assert sequences(given) == [15, 16]
    assert given[0] == gap(13, 14, reason="no_longer_held")


def test_the_servers_gap_is_given_once() -> None:
    given = run(connected(), *media(10, 12), gap(13, 14), *media(15, 16))
    assert [event for event in given if isinstance(event, Gap)] == [gap(13, 14)]
    assert run(connected(), *media(10, 12), gap(8, 11))[-1] == fragment(12)


def test_a_gap_of_unknown_length_is_told_when_its_end_is_known() -> None:
    unknown = gap(None, None, reason="resume_expired")
    given = run(connected(), *media(10, 12), connected(), unknown, *media(15, 16))
    assert sequences(given) == [10, 11, 12, 15, 16]
    assert given[-3] == gap(13, 14, reason="resume_expired")
    given = run(connected(), *media(10, 12), connected(), unknown, *media(10, 16))
    assert sequences(given) == list(range(10, 17)), "nothing was missed after all"
    assert not [event for event in given if isinstance(event, Gap)]
    assert run(connected(), unknown, *media(15, 16))[1] == unknown


def test_a_switch_begins_anew() -> None:
    switches = (switched("annotated", "raw"), switched("raw", "annotated"))
    given = run(connected(), *media(10, 12), *switches, *media(10, 14))
    assert sequences(given) == [10, 11, 12, *range(10, 15)]


def test_a_camera_that_was_started_anew_begins_anew() -> None:
    given = run(connected("a"), *media(100, 102), connected("b"), *media(0, 2))
    assert sequences(given) == [100, 101, 102, 0, 1, 2]


def test_each_channel_of_a_camera_that_was_started_anew_has_a_gap() -> None:
    def media_of(channel: str, first: int) -> list[Fragment]:
        return [fragment(n, channel, keyframe=n == first) for n in (first, first + 1)]

    before: list[Event] = [
        connected("a", *BOTH),
        *media_of("raw", 100),
        *media_of("annotated", 100),
    ]
    after = [*media_of("raw", 0), *media_of("annotated", 0)]
    own = [gap(None, None, "raw", "source"), gap(None, None, "annotated", "source")]
    given = run(*before, connected("b", *BOTH), *after, connected("b", *BOTH), *after)
    assert [event for event in given if isinstance(event, Gap)] == own
    assert [given[given.index(each) + 1] for each in own] == [after[0], after[2]]
    told = [gap(102, 5, reason="resume_expired"), gap(None, None, "annotated", "resume_expired")]
    delivery = Delivery()
    given = feed(delivery, *before, connected("b", *BOTH), *told, *after)
    assert [event for event in given if isinstance(event, Gap)] == told
    assert delivery.counts["gaps"] == 2


def test_a_channel_that_was_not_watched_begins_anew() -> None:
    raw = [fragment(n, "raw", keyframe=n % GOP == 0) for n in range(10, 13)]
    later = [fragment(n, "annotated", keyframe=n % GOP == 0) for n in range(20, 22)]
    given = run(connected("a", "raw"), *raw, connected("a", "annotated"), *later)
    assert not [event for event in given if isinstance(event, Gap)]


@given(
    st.lists(
        st.tuples(st.integers(-8, 20), st.integers(0, 12), st.sets(st.integers(0, 12))),
        min_size=1,
        max_size=8,
    )
)
def test_any_row_of_connections(lives: Lives) -> None:
    """Each connection starts somewhere before or after where the last one ended, at any frame
    that is held; some bytes are missing. What is given is in order, whole, and holes are told."""
    delivery, given, end = Delivery(), [], 100
    for start, length, missing in lives:
        given += delivery.receive(connected())
        for item in media(end + start, end + start + length):
            if item.sequence - end - start in missing:
                delivery.receive_missing(item, "no_longer_held")
            else:
                given += delivery.receive(item)
        end = max(end, end + start + length)
    last: int | None = None
    told: Gap | None = None
    for event in given:
        if isinstance(event, Gap):
            assert told is None
            told = event
        elif isinstance(event, Fragment):
            if last is not None and event.sequence != last + 1:
                assert told is not None
                assert (told.from_sequence, told.to_sequence) == (last + 1, event.sequence - 1)
            if told is not None:
                assert event.keyframe
            last, told = event.sequence, None
    assert told is None
