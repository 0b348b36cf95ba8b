"""The app under uvicorn, granian and Hypercorn: the streams, and a request to stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from tests.fakes.other_server import COMMANDS, OtherServer
from tests.wire.client import Control, Stream

from .dashboard_socket import open_dashboard

STREET = "synthetic://traffic?width=320&height=180&fps=10"
WIDE = "synthetic://traffic?width=1280&height=720&fps=15"
HEARTBEAT_S = 0.3
SLOW_CLIENT_S = 4.0
TIMEOUT_S = 120.0
DUAL, MUX = "/streams/sse/street/dual", "/streams/sse/mux?camera_id=street"
OTHERS = [
    pytest.param(name, marks=pytest.mark.skipif(not find_spec(name), reason=f"{name} is missing"))
    for name in COMMANDS
]


@pytest.fixture(scope="module", params=OTHERS)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OtherServer]:
    settings = {"heartbeat_interval": HEARTBEAT_S, "slow_client_timeout": SLOW_CLIENT_S}
    log_path = tmp_path_factory.mktemp("other") / "log"
    with OtherServer(log_path, request.param, **settings) as server:
        server.add("street", STREET)
        yield server


@pytest.mark.parametrize("path", [DUAL, MUX, "/events"])
def test_head_and_get_answer_with_the_same_headers(server: OtherServer, path: str) -> None:
    head = httpx.head(server.url + path, timeout=TIMEOUT_S)
    with httpx.stream("GET", server.url + path, timeout=TIMEOUT_S) as stream:
        for answer in (head, stream):
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["x-accel-buffering"] == "no"
    assert head.content == b""


def test_a_viewer_switches_and_resumes(server: OtherServer) -> None:
    with Stream(server.url) as stream:
        stream.read_media(0.3, "raw")
        answer = Control(server.url).switch(stream.connection_id, "annotated")
        assert answer.status_code == 200, answer.text
        stream.read_until(lambda event: event.name == "switched")
        stream.read_media(0.3, "annotated")
        last = stream.fragments()[-1]
    headers = {"Last-Event-ID": last.event_id}
    with Stream(server.url, headers=headers, initial_channel="annotated") as resumed:
        resumed.read_media(0.1, "annotated")
        assert resumed.fragments()[0].sequence == last.sequence + 1
        assert not resumed.all_of("gap")


def test_heartbeats_fill_silence(server: OtherServer) -> None:
    with Stream(server.url) as stream:
        assert Control(server.url).unsubscribe(stream.connection_id, "raw").status_code == 200
        stream.read_until(lambda event: event.name == "heartbeat")


def test_a_client_that_leaves_is_forgotten(server: OtherServer) -> None:
    with Stream(server.url) as stream:
        assert Control(server.url).switch(stream.connection_id, "raw").status_code == 200
    wait_until_forgotten(server, stream)


@pytest.mark.long
def test_a_client_that_never_reads_is_dropped(server: OtherServer) -> None:
    server.add("wide", WIDE)
    with Stream(
        server.url,
        "/streams/sse/wide/dual",
        receive_buffer_bytes=64 * 1024,
        initial_channel="both",
        raw_quality="high",
        annotated_quality="high",
    ) as silent:
        wait_until_forgotten(server, silent, "wide")


def wait_until_forgotten(server: OtherServer, stream: Stream, camera_id: str = "street") -> None:
    give_up_at = time.monotonic() + TIMEOUT_S
    switch = Control(server.url, camera_id).switch
    while switch(stream.connection_id, "annotated").status_code != 404:
        assert time.monotonic() < give_up_at, "the connection is still open"
        time.sleep(0.1)


@pytest.mark.parametrize(
    "within_s", [pytest.param(20.0, id="soon"), pytest.param(5.0, marks=pytest.mark.long)]
)
@pytest.mark.parametrize("name", OTHERS)
def test_sigterm_ends_the_server_and_its_streams(
    tmp_path: Path, name: str, within_s: float
) -> None:
    with OtherServer(tmp_path / "log", name) as server, ExitStack() as stack:
        server.add("street", STREET)
        streams = [Stream(server.url), Stream(server.url, "/streams/sse/mux", camera_id="street")]
        for stream in streams:
            stack.enter_context(stream)
        events = stack.enter_context(httpx.stream("GET", f"{server.url}/events", timeout=TIMEOUT_S))
        page = httpx.get(f"{server.url}/dashboard/", timeout=TIMEOUT_S).text
        socket = stack.enter_context(open_dashboard(server.url, page))
        readers = [threading.Thread(target=stream.read_to_end) for stream in streams]
        for reader in readers:
            reader.start()
        asked_at = time.monotonic()
        server.stop()
        took_s = time.monotonic() - asked_at
        print(f"{name} ended {took_s:.1f} s after SIGTERM")
        for reader in readers:
            reader.join(TIMEOUT_S)
        for stream in streams:
            assert stream.log[-1].name == "end"
            assert stream.log[-1].data["reason"] == "server_shutdown"
        assert "camera_removed" in "".join(events.iter_text())
        assert close_code_of(socket) in (1001, 1012)
        assert took_s < within_s


def close_code_of(socket: ClientConnection) -> int | None:
    """Read a websocket to its end; return the code with which the server has closed it."""
    try:
        while True:
            socket.recv(TIMEOUT_S)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None
