"""Events of cameras with any number of annotated channels, and the bounds of what is parsed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.protocol import parse
from streamlab.protocol.parse import (
    MAX_CHANNELS,
    ChannelSync,
    Connected,
    Detections,
    Fragment,
    ProtocolError,
    Switched,
    Sync,
    parse_event,
)

BOX = [1.0, 2.0, 3.0, 4.0, "car", 0.9, None]
SYNC: dict[str, Any] = {
    "drift_ms": -60.0, "is_synchronized": False, "sync_violations": 3, "state": "degraded",
    "correction": "hold", "fresh_fraction": 0.25, "playout_delay_ms": 40.0,
    "sync_tolerance_ms": 50.0,
}  # fmt: skip
CONNECTED: dict[str, Any] = {
    "protocol": 1, "connection_id": "c1", "stream_id": "s1", "camera_id": "street",
    "channels": ["raw"], "sync_tolerance_ms": 50, "playout_delay_ms": 0, "detector": None,
    "server_time": 1,
}  # fmt: skip
FRAGMENT: dict[str, Any] = {
    "channel": "pose", "quality": "medium", "sequence": 4, "init_id": "i1", "pts": 12000,
    "duration": 3000, "keyframe": True, "cached": False, "captured_at": 1, "released_at": 2,
    "frames": [{"pts": 12000, "detections_pts": 9000, "detections": [BOX]}], "data": "AAAA",
}  # fmt: skip


def event(name: str, data: dict[str, Any], **changes: object) -> object:
    return parse_event(name, json.dumps(data | changes))


def test_boxes_are_those_of_a_channel() -> None:
    data = {"pts": 1, "detections_pts": None, "detections": [BOX]}
    found = event("detections", data)
    assert isinstance(found, Detections)
    assert (found.channel, found.detections) == ("annotated", (tuple(BOX),))
    assert event("detections", data, channel="pose") == replace(found, channel="pose")


def test_sync_figures_by_channel() -> None:
    figures = {"pose": {"drift_ms": 3, "fresh_fraction": 0.5, "state": "synchronized", "new": 1}}
    sync = event("sync", SYNC, channels=figures | {"plates": {"drift_ms": None}})
    assert isinstance(sync, Sync)
    assert sync.channels == {
        "pose": ChannelSync(drift_ms=3.0, fresh_fraction=0.5, state="synchronized"),
        "plates": ChannelSync(),
    }
    older = event("sync", SYNC)
    assert isinstance(older, Sync)
    assert older.channels == {}


@given(st.lists(st.from_regex(r"[a-z][a-z0-9-]{0,31}", fullmatch=True), min_size=1, max_size=9))
def test_any_channels_are_taken_as_they_are_named(channels: list[str]) -> None:
    connected = event("connected", CONNECTED, channels=channels)
    assert isinstance(connected, Connected)
    assert connected.channels == tuple(channels)
    switched = event(
        "switched",
        {"quality": "medium", "previous_channel": "raw", "at_pts": 0, "reason": "client"},
        channel=",".join(channels),
    )
    assert isinstance(switched, Switched)
    assert switched.channel == ",".join(channels)


def test_a_fragment_is_stamped_by_its_reader() -> None:
    text = json.dumps(FRAGMENT | {"arrived_at": 9.0, "arrived_ns": 9})
    read = parse_event("fragment", text, "street", arrived_at=5.0, arrived_ns=6)
    assert isinstance(read, Fragment)
    assert (read.camera_id, read.arrived_at, read.arrived_ns) == ("street", 5.0, 6)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("connected", CONNECTED | {"channels": ["c"] * (MAX_CHANNELS + 1)}),
        ("connected", CONNECTED | {"channels": ["c" * 65]}),
        ("connected", CONNECTED | {"channels": [""]}),
        ("fragment", FRAGMENT | {"channel": "c" * 65}),
        ("sync", SYNC | {"channels": {f"c{n}": {} for n in range(MAX_CHANNELS + 1)}}),
        ("sync", SYNC | {"channels": {"pose": []}}),
        ("detections", {"pts": 1, "detections_pts": 1, "detections": [[1, 2]]}),
    ],
)
def test_what_is_out_of_bounds(name: str, data: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError, match=name):
        event(name, data)


def test_an_event_that_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parse, "MAX_EVENT_CHARS", 20)
    with pytest.raises(ProtocolError, match="heartbeat event of"):
        parse_event("heartbeat", json.dumps({"server_time": 5.0, "mood": "x" * 20}))
