"""Subscriptions, and clients beside each other."""

from __future__ import annotations

import time

from .client import Control, Stream
from .schema import problems
from .street import assert_no_number_missing, number_of
from .watcher import WAIT_TIMEOUT_S, Watcher


def test_reserved_connection_is_the_one_that_is_opened(server_url: str, control: Control) -> None:
    response = control.subscribe("annotated")
    assert response.status_code in (200, 201), response.text
    reserved = response.json()
    assert isinstance(reserved["stream_id"], str)
    assert reserved["subscriptions"]
    with Stream(server_url, connection_id=reserved["connection_id"]) as stream:
        assert stream.connection_id == reserved["connection_id"]
        assert stream.stream_id == reserved["stream_id"]
        assert "annotated" in stream.log[0].data["channels"]
        stream.read_media(0.3, "annotated")
    assert stream.fragments("annotated")[0].keyframe


def test_channel_is_added_and_removed_while_the_other_goes_on(
    server_url: str, control: Control
) -> None:
    with Stream(server_url, initial_channel="raw") as stream:
        stream.read_media(0.3, "raw")
        added = control.subscribe("annotated", connection_id=stream.connection_id)
        assert added.status_code in (200, 201), added.text
        assert added.json()["connection_id"] == stream.connection_id
        stream.read_media(0.5, "raw", "annotated")
        removed = control.unsubscribe(stream.connection_id, "annotated")
        removed_at = time.time()
        assert removed.status_code in (200, 204), removed.text
        while stream.fragments("raw")[-1].released_at < removed_at + 0.3:
            stream.read_media(0.1, "raw")
    assert stream.fragments("annotated")[0].keyframe
    assert not [each for each in stream.fragments("annotated") if each.released_at > removed_at]
    raw = [fragment.sequence for fragment in stream.fragments("raw")]
    assert raw == list(range(raw[0], raw[0] + len(raw)))


def test_detections_can_be_had_without_pictures(server_url: str, control: Control) -> None:
    reserved = control.subscribe("detections").json()
    with Stream(server_url, connection_id=reserved["connection_id"]) as stream:
        while len(events := stream.all_of("detections")) < 20 or not any(
            event.data["detections"] for event in events
        ):
            stream.read_until(lambda event: event.name == "detections")
    assert not {problem for event in events for problem in problems(event)}
    numbers = [number_of(event.data["pts"]) for event in events]
    assert numbers == sorted(set(numbers))
    assert_no_number_missing(server_url, numbers)
    assert all(event.data["detections_pts"] <= event.data["pts"] for event in events)


def test_client_that_does_not_read_delays_nobody(server_url: str) -> None:
    with Stream(server_url, initial_channel="both"), Watcher(server_url) as watcher:
        watcher.assert_goes_on(60)


def test_connections_have_ids_of_their_own(server_url: str) -> None:
    with Stream(server_url) as one, Stream(server_url) as other:
        assert one.connection_id != other.connection_id
        one.read_media(0.2, "raw")
        other.read_media(0.2, "raw")
        while one.fragments()[-1].pts < other.fragments()[0].pts:
            one.read_media(0.2, "raw")
    shared = {f.pts: f.data for f in one.fragments()}
    same = [f for f in other.fragments() if f.pts in shared]
    assert same
    assert all(shared[f.pts] == f.data for f in same), "the bytes are made once for all"


def test_connection_is_forgotten_when_its_client_leaves(server_url: str, control: Control) -> None:
    with Watcher(server_url) as watcher:
        with Stream(server_url) as stream:
            stream.read_media(0.2, "raw")
        give_up_at = time.monotonic() + WAIT_TIMEOUT_S
        while control.switch(stream.connection_id, "annotated").status_code != 404:
            assert time.monotonic() < give_up_at, "the connection is still known"
            watcher.assert_goes_on(5)
