"""Events as bytes, and what is read once and kept."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from streamlab.core.channels import ChannelType, QualityLevel, SourceState, View
from streamlab.core.events import End, Gap, Health, Heartbeat, Source, Switched, encode

# Not st.text(): the first use of that builds a table of all characters, for seconds.
TEXTS = st.lists(st.integers(0, 0x10FFFF).map(chr), max_size=30).map("".join)


@given(TEXTS)
def test_no_words_of_a_source_can_end_its_event(detail: str) -> None:
    lines = encode(Source(SourceState.STALLED, detail)).split(b"\n")
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


def test_a_view_lists_its_channels_raw_first() -> None:
    assert View.BOTH.channels == (ChannelType.RAW, ChannelType.ANNOTATED)
    assert View.ANNOTATED.channels == (ChannelType.ANNOTATED,)


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
