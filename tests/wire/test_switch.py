"""Switching within the running connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from .client import Control, Fragment, Stream
from .h264 import NAL_IDR, nal_type, split_nals
from .mp4 import parse_fragment, parse_init
from .picture import is_channel_cell_white
from .schema import NUMBER, is_type, problems
from .street import (
    assert_no_number_missing,
    assert_strip_is_true,
    decode_run,
    numbers_of,
    runs_of,
)

TRIES = 5
MEMBERS = {"raw": {"raw"}, "annotated": {"annotated"}, "both": {"raw", "annotated"}}


@dataclass(frozen=True, slots=True)
class Switch:
    """A switch that was done: the answer, the event, where the event is in the log."""

    answer: dict[str, Any]
    event: dict[str, Any]
    index: int


def switch(stream: Stream, control: Control, to: str, quality: str | None = None) -> Switch:
    """Switch, trying again after a 504, and read on through 0.7 s of the new channel."""
    start = len(stream.log)
    for _ in range(TRIES):
        response = control.switch(stream.connection_id, to, quality)
        if response.status_code != 504:
            break
        assert not stream.all_of("switched", start)
        stream.read_media(0.1)
    assert response.status_code == 200, response.text
    event = stream.read_until(lambda event: event.name == "switched")
    index = len(stream.log) - 1
    stream.read_media(0.7, *MEMBERS[to])
    return Switch(response.json(), event.data, index)


def assert_starts_clean(stream: Stream, channel: str, after: int) -> Fragment:
    """The first fragment from `after` on begins with an IDR, its init segment came before."""
    first = stream.fragments(channel, start=after)[0]
    assert first.keyframe
    known = [event.data["init_id"] for event in stream.log[: first.index] if event.name == "init"]
    assert first.init_id in map(str, known)
    init = parse_init(stream.init_of(first).data)
    sample = parse_fragment(init, first.data).samples[0]
    assert NAL_IDR in map(nal_type, split_nals(sample.data, init.nal_length_size))
    return first


@dataclass(frozen=True, slots=True)
class Tour:
    """A connection that was switched through `switches`."""

    stream: Stream
    switches: list[Switch]


@pytest.fixture(scope="module")
def tour(server_url: str) -> Tour:
    """Return a connection switched raw, annotated, both, raw."""
    control = Control(server_url)
    with Stream(server_url, initial_channel="raw") as stream:
        stream.read_media(0.5, "raw")
        switches = [switch(stream, control, to) for to in ("annotated", "both", "raw")]
    return Tour(stream, switches)


def test_answer_and_event_tell_the_same(tour: Tour) -> None:
    told = []
    for done in tour.switches:
        assert done.answer["connection_id"] == tour.stream.connection_id
        assert is_type(done.answer["switch_ms"], NUMBER)
        for field in ("channel", "previous_channel", "quality", "at_pts"):
            assert done.answer[field] == done.event[field]
        assert done.event["reason"] == "client"
        told.append((done.event["previous_channel"], done.event["channel"]))
    assert told == [("raw", "annotated"), ("annotated", "both"), ("both", "raw")]


def test_events_are_as_the_page_says(tour: Tour) -> None:
    assert {problem for event in tour.stream.log for problem in problems(event)} == set()


def test_nothing_reconnects(tour: Tour) -> None:
    assert tour.stream.names().count("connected") == 1
    assert tour.stream.names().count("switched") == 3
    assert "end" not in tour.stream.names()


def test_channels_that_come_in_start_with_an_idr(tour: Tour) -> None:
    for done in tour.switches:
        before, after = MEMBERS[done.event["previous_channel"]], MEMBERS[done.event["channel"]]
        for channel in after - before:
            assert_starts_clean(tour.stream, channel, done.index)


def test_new_channel_waits_for_its_switched_event(tour: Tour) -> None:
    first = tour.switches[0]
    assert not [each for each in tour.stream.fragments("annotated") if each.index < first.index]


def test_old_channel_ends(tour: Tour) -> None:
    to_annotated, to_both, to_raw = tour.switches
    raw = [
        fragment
        for fragment in tour.stream.fragments("raw", start=to_annotated.index)
        if fragment.index < to_both.index and fragment.pts > to_annotated.event["at_pts"]
    ]
    annotated = [
        fragment
        for fragment in tour.stream.fragments("annotated", start=to_raw.index)
        if fragment.pts > to_raw.event["at_pts"]
    ]
    assert not raw
    assert not annotated


def test_no_frame_is_missing_over_the_switches(tour: Tour, server_url: str) -> None:
    assert_no_number_missing(server_url, numbers_of(tour.stream.fragments()))


def test_each_channel_takes_over_at_the_pts_that_was_told(tour: Tour) -> None:
    """Old frames before `at_pts` and new ones from it on make one picture sequence."""
    ends = [done.index for done in tour.switches[1:]] + [len(tour.stream.log)]
    for done, end in zip(tour.switches, ends, strict=True):
        at_pts = done.event["at_pts"]
        for channel in MEMBERS[done.event["channel"]]:
            fragments = [f for f in tour.stream.fragments(channel) if f.index < end]
            shown = [f for f in fragments if f.end_pts > at_pts]
            assert shown, f"nothing of {channel} from {at_pts} on"
            assert min(f.pts for f in shown) <= at_pts


def test_pixels_are_of_the_channel_that_was_asked_for(tour: Tour) -> None:
    for channel in ("raw", "annotated"):
        for run in runs_of(tour.stream, channel):
            assert run[0].keyframe
            pictures = decode_run(tour.stream, run)
            assert_strip_is_true(pictures)
            for picture in pictures:
                assert is_channel_cell_white(picture.luma) == (channel == "annotated")


def test_quality_changes_by_switch(server_url: str, control: Control) -> None:
    with Stream(server_url, initial_channel="raw") as stream:
        stream.read_media(0.3, "raw")
        done = switch(stream, control, "raw", quality="low")
    assert done.event["channel"] == done.event["previous_channel"] == "raw"
    assert done.event["quality"] == done.answer["quality"] == "low"
    assert done.event["reason"] in ("quality", "client")
    low = [f for f in stream.fragments("raw", start=done.index) if f.quality == "low"]
    assert low[0].keyframe
    assert stream.init_of(low[0]).quality == "low"
    assert [f.sequence for f in low] == list(range(low[0].sequence, low[0].sequence + len(low)))
    late = [f for f in stream.fragments("raw", start=low[0].index) if f.pts > low[0].pts]
    assert {f.quality for f in late if f.pts > done.event["at_pts"]} == {"low"}


def test_switch_to_the_channel_that_is_shown_changes_nothing(
    server_url: str, control: Control
) -> None:
    with Stream(server_url, initial_channel="raw") as stream:
        stream.read_media(0.3, "raw")
        response = control.switch(stream.connection_id, "raw")
        stream.read_media(0.5, "raw")
    assert response.status_code == 200
    assert response.json()["channel"] == "raw"
    assert_no_number_missing(server_url, numbers_of(stream.fragments()))


def test_sixty_switches_in_a_row_break_nothing(server_url: str, control: Control) -> None:
    views = [("raw", "annotated", "both")[number % 3] for number in range(1, 61)]
    with Stream(server_url, initial_channel="raw") as stream:
        stream.read_media(0.3, "raw")
        answers = []
        for view in views:
            answers.append(control.switch(stream.connection_id, view))
            if answers[-1].status_code == 200:
                stream.read_until(lambda event: event.name == "switched")
        done = [answer.json()["channel"] for answer in answers if answer.status_code == 200]
        last = switch(stream, control, "annotated").index
        stream.read_media(1.0, "annotated")
    assert {answer.status_code for answer in answers} <= {200, 504}
    assert [event.data["channel"] for event in stream.all_of("switched")] == [*done, "annotated"]
    assert not {problem for event in stream.log for problem in problems(event)}
    assert {f.channel for f in stream.fragments(start=last)} == {"annotated"}
    assert_starts_clean(stream, "annotated", last)
    assert_no_number_missing(server_url, numbers_of(stream.fragments("annotated", start=last)))
