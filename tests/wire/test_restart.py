"""A server that is killed and started again on the same port: every hole is announced by a gap."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest

from streamlab.client import Client, Connected, Event, Fragment, Gap, Reconnect
from tests.fakes.streamlab_process import StreamlabProcess

from .client import Fragment as ReadFragment
from .client import Stream
from .schema import problems

STREET = "street=synthetic://traffic?width=320&height=180&fps=30"
BOTH = ("raw", "annotated")
QUICKLY = Reconnect(initial_s=0.05, max_s=0.2, give_up_after_s=300.0)


@pytest.fixture
def server(tmp_path: Path) -> StreamlabProcess:
    return StreamlabProcess(tmp_path / "log", "--camera", STREET, "--model", "truth")


def restart_between(
    server: StreamlabProcess, before: Callable[[], None], after: Callable[[], None]
) -> None:
    with server:
        before()
        server.process.kill()
        server.process.wait()
    with server:
        after()


@pytest.mark.parametrize(("named", "payload"), [("raw", "inline"), ("annotated", "url")])
def test_a_reader_of_both_channels_has_a_gap_in_each(
    server: StreamlabProcess, named: str, payload: str
) -> None:
    last: dict[str, ReadFragment] = {}

    def read() -> None:
        with Stream(server.url, initial_channel="both", payload=payload) as stream:
            stream.read_media(0.5, *BOTH)
        last.update({channel: stream.fragments(channel)[-1] for channel in BOTH})

    def resume() -> None:
        headers = {"Last-Event-ID": last[named].event_id}
        stream = Stream(server.url, headers=headers, initial_channel="both", payload=payload)
        with stream:
            stream.read_media(0.5, *BOTH)
        assert not {problem for event in stream.log for problem in problems(event)}
        for channel in BOTH:
            first = stream.fragments(channel)[0]
            (gap,) = (event for event in stream.all_of("gap") if event.data["channel"] == channel)
            assert stream.log.index(gap) < first.index
            assert (gap.data["quality"], gap.data["reason"]) == ("medium", "resume_expired")
            missed = (last[channel].sequence + 1, first.sequence - 1)
            known = missed if channel == named else (None, None)
            assert (gap.data["from_sequence"], gap.data["to_sequence"]) == known
            assert first.keyframe
            assert first.sequence > last[channel].sequence

    restart_between(server, read, resume)


class Received:
    """What a client was given, checked as it comes: no hole that no gap has announced."""

    def __init__(self) -> None:
        self.stream_ids: list[str] = []
        self.gaps: dict[str, Gap] = {}
        self.newest: dict[str, int] = {}
        self.sent: set[str] = set()  # channels, since it connected to the last stream

    def receive(self, event: Event) -> None:
        if isinstance(event, Connected) and event.stream_id not in self.stream_ids:
            self.stream_ids.append(event.stream_id)
            self.sent.clear()
        elif isinstance(event, Gap):
            assert event.channel not in self.gaps, "it was told once"
            self.gaps[event.channel] = event
        elif isinstance(event, Fragment):
            channel, sequence = event.channel, event.sequence
            follows = sequence == self.newest.get(channel, sequence - 1) + 1
            told = channel in self.gaps and channel not in self.sent and event.keyframe
            assert follows or told, "a hole without a gap"
            self.newest[channel] = sequence
            self.sent.add(channel)


@pytest.mark.parametrize(
    ("cameras", "payload"), [("street", "inline"), ("street", "url"), (["street"], "inline")]
)
def test_the_python_client_has_a_gap_in_each_channel(
    server: StreamlabProcess, cameras: str | list[str], payload: Literal["inline", "url"]
) -> None:
    received = Received()
    with (
        Client(server.url) as client,
        server,
        client.watch(cameras, "both", payload=payload, reconnect=QUICKLY) as stream,
    ):
        while received.sent != set(BOTH):
            received.receive(next(stream))
        assert not received.gaps
        server.process.kill()
        server.process.wait()
        with server:
            while len(received.stream_ids) < 2 or received.sent != set(BOTH):
                received.receive(next(stream))
        assert set(received.gaps) == set(BOTH)
        assert stream.stats.gaps == len(BOTH)


def test_a_reader_that_comes_back_to_the_same_server_is_told_of_what_the_id_does_not_name(
    server: StreamlabProcess,
) -> None:
    with server:
        with Stream(server.url, initial_channel="both") as before:
            before.read_media(0.5, *BOTH)
        last = before.fragments("raw")[-1]
        headers = {"Last-Event-ID": last.event_id}
        with Stream(server.url, headers=headers, initial_channel="both") as after:
            after.read_media(0.5, *BOTH)
    (gap,) = after.all_of("gap")
    assert gap.data["channel"] == "annotated"
    assert (gap.data["from_sequence"], gap.data["to_sequence"]) == (None, None)
    assert after.fragments("raw")[0].sequence == last.sequence + 1
    first = after.fragments("annotated")[0]
    assert first.keyframe
    assert after.log.index(gap) < first.index
    assert first.sequence <= before.fragments("annotated")[-1].sequence + 1, "nothing is missing"
