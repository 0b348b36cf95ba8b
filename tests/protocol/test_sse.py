"""Events as bytes, made once for all who are sent them."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from streamlab.core.channels import ChannelType, QualityLevel, SourceState, View
from streamlab.core.events import End, Gap, Health, Heartbeat, SourceStateChanged, Switched
from streamlab.core.stream.ring import NEW_FRAGMENTS, Released, Ring
from streamlab.protocol.sse import MAX_SHARED_EVENTS, EventEncoder, Form, encode, encode_fragment
from tests.core.makers import RAW, fragment

INLINE, BY_URL = Form(), Form("/streams/cam")
# Not st.text(): the first use of that builds a table of all characters, for seconds.
TEXTS = st.lists(st.integers(0, 0x10FFFF).map(chr), max_size=30).map("".join)


@given(TEXTS)
def test_no_words_of_a_source_can_end_its_event(detail: str) -> None:
    lines = encode(SourceStateChanged(SourceState.STALLED, detail)).split(b"\n")
    assert lines[0] == b"event: source"
    assert json.loads(lines[1].removeprefix(b"data: ")) == {"state": "stalled", "detail": detail}
    assert lines[2:] == [b"", b""]
    assert b"\r" not in lines[1]


def test_events_are_what_the_wire_protocol_names_them() -> None:
    gap = Gap(ChannelType.RAW, QualityLevel.LOW, 3, 9, "slow_client")
    assert encode(gap) == (
        b"event: gap\n"
        b'data: {"channel":"raw","quality":"low","from_sequence":3,"to_sequence":9,'
        b'"reason":"slow_client"}\n\n'
    )
    switched = Switched(View.BOTH, QualityLevel.LOW, View.RAW, 90, "client")
    assert b'"channel":"both","quality":"low","previous_channel":"raw","at_pts":90' in encode(
        switched
    )
    assert encode(Heartbeat(1.5)) == b'event: heartbeat\ndata: {"server_time":1.5}\n\n'
    assert encode(End("source_ended")).startswith(b"event: end\n")


def test_the_parts_of_a_health_report_stand_beside_its_channel() -> None:
    ok = {"state": "ok", "detail": ""}
    event = encode(Health(ChannelType.RAW, {"name": "raw", "encoder": ok}))
    name, data = event.decode().split("\n")[:2]
    assert name == "event: health"
    assert json.loads(data.removeprefix("data: ")) == {
        "channel": "raw",
        "name": "raw",
        "encoder": ok,
    }


def test_an_event_is_serialised_once_for_all() -> None:
    entry = Released(fragment(RAW, 0), 2.5, 1)
    live = encode_fragment(entry, INLINE, cached=False)
    assert live is encode_fragment(entry, INLINE, cached=False)
    lines = encode_fragment(entry, INLINE, cached=True).decode().split("\n")
    assert lines[:2] == ["id: raw/medium/1", "event: fragment"]
    data = json.loads(lines[2].removeprefix("data: "))
    assert (data["cached"], data["released_at"], data["data"]) == (True, 2.5, "bWRhdA==")
    assert b'"cached":false' in live
    by_url = encode_fragment(Released(fragment(RAW, 0), 2.5, 1), BY_URL, cached=False)
    assert b'"url":"/streams/cam/raw/medium/1.m4s"' in by_url
    assert b'"data"' not in by_url
    assert b'"cached":true' in encode_fragment(entry, BY_URL, cached=True)


FORMS = st.tuples(st.integers(0, 30), st.booleans(), st.booleans())


@given(st.lists(st.lists(FORMS, max_size=20), min_size=1, max_size=15), st.integers(1, 10))
def test_media_is_kept_once_and_an_event_is_shared_until_the_next_fragment(
    readers: list[list[tuple[int, bool, bool]]], bound: int
) -> None:
    ring, first = Ring(bound), dict[tuple[int, bool, bool], bytes]()
    for number, forms in enumerate(readers):
        ring.append(Released(fragment(RAW, number), 2.5, number, ring.memo))
        assert not ring.memo
        held = list(ring.since(ring.first_sequence))
        assert not any(entry.fragment.payload for entry in held[:-NEW_FRAGMENTS])
        assert all(entry.fragment.payload for entry in held[-NEW_FRAGMENTS:])
        shared = dict[tuple[int, bool, bool], bytes]()
        for index, cached, by_url in forms:
            entry = held[index % len(held)]
            event = encode_fragment(entry, BY_URL if by_url else INLINE, cached=cached)
            form = (entry.fragment.sequence, cached, by_url)
            assert event is shared.setdefault(form, event), "one serialisation for all"
            assert event == first.setdefault(form, event), "made again, it is the same"
    ring.clear()
    assert not ring.memo


def test_a_tagged_event_names_its_camera_first() -> None:
    tagged, encoder = Form(camera_id="yard"), EventEncoder()
    assert encoder.encode(Heartbeat(1.5), tagged) == (
        b'event: heartbeat\ndata: {"camera_id":"yard","server_time":1.5}\n\n'
    )
    event = encode_fragment(Released(fragment(RAW, 0), 2.5, 1), tagged, cached=False)
    assert b'\ndata: {"camera_id":"yard","channel":"raw"' in event


def test_a_control_event_is_encoded_once_for_all_who_wait_for_it() -> None:
    encoder = EventEncoder()
    events = [
        SourceStateChanged(SourceState.STALLED, str(number)) for number in range(MAX_SHARED_EVENTS)
    ]
    once = [encoder.encode(event, INLINE) for event in events]
    assert all(
        encoder.encode(event, INLINE) is made for event, made in zip(events, once, strict=True)
    )
    encoder.encode(SourceStateChanged(SourceState.LIVE, ""), INLINE)
    assert encoder.encode(events[0], INLINE) == once[0]
    assert encoder.encode(events[-1], INLINE) is once[-1]
