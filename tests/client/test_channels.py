"""Cameras with none to three annotated channels: each kept whole, decoded, and paired by pts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.client import Client, DeliveredDrift, Event, Fragment, Recording
from streamlab.client.delivery import Delivery
from streamlab.client.pictures import FrameDecoder
from tests.client.coded import CHANNELS, FRAME, CodedChannel, shown_by
from tests.fakes.scripted_server import ScriptedServer, as_json, connected, event, events

from .makers import connected as connected_event
from .makers import fragment, gap

FRAMES = 12
DELAYS_S = {"raw": 0.0, "annotated": 0.02, "pose": 0.08, "plates": -0.01}
END = event("end", {"reason": "source_ended"})


def script(channels: tuple[str, ...]) -> list[bytes]:
    """Return what a server sends of these channels: each later one is a frame behind."""
    coded = [CodedChannel(channel, delay_s=DELAYS_S[channel]) for channel in channels]
    parts = [connected(channels=list(channels)), *(each.init() for each in coded)]
    for step in range(FRAMES + len(coded)):
        parts += [
            each.fragment(step - lag) for lag, each in enumerate(coded) if 0 <= step - lag < FRAMES
        ]
    return [*parts, END]


def watch(channels: tuple[str, ...]) -> list[Event]:
    with (
        ScriptedServer([events(*script(channels))]) as server,
        Client(server.url) as client,
        client.watch("street", ",".join(channels)) as stream,
    ):
        return list(stream)


@pytest.mark.parametrize("count", range(4))
def test_every_channel_is_kept_decoded_and_paired(count: int, tmp_path: Path) -> None:
    channels = CHANNELS[: count + 1]
    given = watch(channels)
    sequences: dict[str, list[int]] = defaultdict(list)
    numbers: dict[str, list[int]] = defaultdict(list)
    decoder, drift = FrameDecoder(), DeliveredDrift(tolerance_ms=50)
    recording = Recording({channel: tmp_path / f"{channel}.mp4" for channel in channels})
    for each in given:
        recording.receive(each)
        if isinstance(each, Fragment):
            sequences[each.channel].append(each.sequence)
            drift.receive(each)
        for frame in decoder.receive(each):
            channel, number = shown_by(frame)
            assert (channel, number) == (frame.channel, frame.pts // FRAME)
            numbers[channel].append(number)
    recording.close()
    whole = list(range(FRAMES))
    assert sequences == numbers == dict.fromkeys(channels, whole)
    assert {file.channel: file.frames for file in recording.files} == dict.fromkeys(
        channels, FRAMES
    )
    assert len({file.start_pts for file in recording.files}) == 1
    assert (drift.channels, drift.pairs, drift.unpaired) == (channels[1:], FRAMES * count, 0)
    for channel in channels[1:]:
        released = drift.release(0, channel)
        assert released.now_ms == pytest.approx(DELAYS_S[channel] * 1000)
        assert released.violations == (FRAMES if channel == "pose" else 0)


def test_a_switch_names_any_channels() -> None:
    answer = {
        "channel": "raw,annotated,pose", "quality": "medium", "previous_channel": "raw",
        "at_pts": 0, "switch_ms": 1.0,
    }  # fmt: skip
    with (
        ScriptedServer([events(connected(), END), as_json(answer), as_json({})]) as server,
        Client(server.url) as client,
        client.watch("street") as stream,
    ):
        next(stream)
        done = stream.switch("pose,annotated,raw")
        stream.subscribe("plates", quality="low")
    assert done.channel == "raw,annotated,pose"
    asked = [request.body for request in server.requests[1:]]
    assert asked[0]["new_channel"] == "raw,pose,annotated"
    assert (asked[1]["channel_type"], asked[1]["quality"]) == ("plates", "low")


def test_a_gap_of_one_channel_is_not_of_another() -> None:
    delivery = Delivery()
    given: list[Event] = []
    sent: list[Event] = [
        connected_event("s1", *CHANNELS),
        *(fragment(5, channel, keyframe=True) for channel in CHANNELS),
        gap(6, 8, "pose"),
        *(fragment(6, channel) for channel in CHANNELS if channel != "pose"),
        fragment(9, "pose", keyframe=True),
        fragment(7, "raw"),
    ]
    for each in sent:
        given += delivery.receive(each)
    sequences = defaultdict(list)
    for each in given:
        if isinstance(each, Fragment):
            sequences[each.channel].append(each.sequence)
    assert sequences == {"raw": [5, 6, 7], "annotated": [5, 6], "plates": [5, 6], "pose": [5, 9]}
    assert [each for each in given if not isinstance(each, Fragment)][1:] == [gap(6, 8, "pose")]


@given(
    st.lists(
        st.tuples(st.sampled_from(CHANNELS), st.integers(1, 3), st.integers(0, 400)), max_size=60
    )
)
def test_each_channel_is_measured_as_if_it_were_alone(steps: list[tuple[str, int, int]]) -> None:
    """Frames of each channel come in order, some are missing; the channels run as they like."""
    pts = dict.fromkeys(CHANNELS, 0)
    together = DeliveredDrift()
    alone = {channel: DeliveredDrift() for channel in CHANNELS[1:]}
    for channel, step, at_ms in steps:
        pts[channel] += step
        each = replace(fragment(pts[channel], channel), arrived_ns=at_ms * 1_000_000)
        together.receive(each)
        for name, drift in alone.items():
            if channel in ("raw", name):
                drift.receive(each)
    for name, drift in alone.items():
        assert together.arrival(0, name) == drift.arrival(0, name)
    assert together.pairs == sum(drift.pairs for drift in alone.values())
    assert together.unpaired == sum(drift.unpaired for drift in alone.values())
