"""Events as they are read from the wire."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.client import Fragment, Heartbeat, ProtocolError
from streamlab.client.events import read_event
from streamlab.clock import monotonic_ns, wall_s
from streamlab.core.channels import ChannelKey, ChannelType, QualityLevel
from streamlab.core.events import Gap
from streamlab.core.mp4.fragment import InitSegment
from streamlab.core.stream.connection import Configuration
from streamlab.protocol.sse import EventEncoder, Form, encode
from tests.fakes.scripted_server import connected
from tests.protocol.test_sse import TEXTS


def data_of(event: bytes) -> str:
    return next(
        line.removeprefix("data: ")
        for line in event.decode().splitlines()
        if line.startswith("data: ")
    )


@given(st.binary(max_size=300))
def test_bytes_are_decoded(data: bytes) -> None:
    key = ChannelKey(ChannelType.RAW, QualityLevel.LOW)
    sent = Configuration(key, InitSegment(key, "avc1.42c01e", 640, 360, 29.97, data))
    event = read_event("init", data_of(EventEncoder().encode(sent, Form())), "street")
    assert event is not None
    assert (getattr(event, "data", None), event.camera_id) == (data, "street")


def test_unknown_events_and_fields_are_tolerated() -> None:
    assert read_event("weather", '{"rain": true}') is None
    beat = read_event("heartbeat", '{"server_time": 5, "mood": [1]}', "street")
    assert beat == Heartbeat(camera_id="street", server_time=5.0)


def test_the_camera_that_an_event_names_wins() -> None:
    beat = read_event("heartbeat", '{"camera_id": "gate", "server_time": 5}', "street")
    assert beat == Heartbeat(camera_id="gate", server_time=5.0)


def test_the_boxes_of_a_frame() -> None:
    row = [1.0, 2.0, 3.0, 4.0, "car", 0.9, None]
    data = {
        "channel": "annotated", "quality": "medium", "sequence": 4, "init_id": "i1", "pts": 12000,
        "duration": 3000, "keyframe": True, "cached": False, "captured_at": 1, "released_at": 2,
        "frames": [{"pts": 12000, "detections_pts": 9000, "detections": [row]}],
        "url": "/streams/street/annotated/medium/4.m4s",
    }  # fmt: skip
    event = read_event("fragment", json.dumps(data))
    assert isinstance(event, Fragment)
    assert event.frames[0].detections == (tuple(row),)
    assert (event.data, event.frames[0].detections_pts) == (b"", 9000)


def test_when_a_fragment_arrived_is_not_for_the_server_to_say() -> None:
    data = {
        "channel": "raw", "quality": "medium", "sequence": 4, "init_id": "i1", "pts": 12000,
        "duration": 3000, "keyframe": True, "cached": False, "captured_at": 1, "released_at": 2,
        "frames": [], "data": "", "arrived_at": 1.0, "arrived_ns": 1,
    }  # fmt: skip
    before = wall_s(), monotonic_ns()
    event = read_event("fragment", json.dumps(data))
    assert isinstance(event, Fragment)
    assert event.arrived_at >= before[0]
    assert event.arrived_ns >= before[1]


@given(st.sampled_from(["gap", "init", "fragment", "health"]), TEXTS)
def test_any_text_is_an_event_or_a_problem(name: str, text: str) -> None:
    with pytest.raises(ProtocolError, match=name):
        read_event(name, text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("gap", "{"),
        ("gap", "[]"),
        ("gap", '{"channel": "raw"}'),
        ("gap", data_of(encode(Gap(ChannelType.RAW, QualityLevel.LOW, 1, 2, "source")))[:-8]),
        ("init", '{"channel": "raw", "data": "!"}'),
        ("heartbeat", '{"server_time": 5, "mood": ' + "[" * 100_000 + "]" * 100_000 + "}"),
        ("heartbeat", '{"server_time": 5} {}'),
        ("gap", '{"channel": "raw", "from_sequence": ' + "1" * 5000),
        ("connected", data_of(connected(protocol=2))),
    ],
)
def test_what_cannot_be_read(name: str, text: str) -> None:
    with pytest.raises(ProtocolError, match=name):
        read_event(name, text)
