"""Connections that are opened and dropped at any moment leave nothing behind."""

from __future__ import annotations

import re
import socket
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.fakes.streamlab_process import StreamlabProcess

from .client import READ_TIMEOUT_S

SOURCE = "street=synthetic://traffic?width=160&height=90&fps=15&seed=1"
MOMENTS = ("before the answer", "after its head", "with a picture", "by a reset")
DROPPED = 200
LIMIT = 40
GAUGE = re.compile(r"^(streamlab_tasks|streamlab_connections)(?:\{.*\})? (\S+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StreamlabProcess]:
    log_path = tmp_path_factory.mktemp("churn") / "log"
    arguments = ("--camera", SOURCE, "--model", "none")
    with StreamlabProcess(log_path, *arguments, max_connections=LIMIT) as server:
        yield server


def open_stream(server: StreamlabProcess) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", server.port), timeout=READ_TIMEOUT_S)
    client.sendall(b"GET /streams/sse/street/dual HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return client


def drop(client: socket.socket, moment: str) -> None:
    received = b""
    if moment != "before the answer":
        received += client.recv(1024)
    while moment in ("with a picture", "by a reset") and b"event: fragment" not in received:
        received += client.recv(65_536)
    if moment == "by a reset":
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def held(server: StreamlabProcess) -> tuple[int, int, int]:
    """Return how many files, tasks and connections the server has."""
    with httpx.Client(timeout=READ_TIMEOUT_S) as http:
        gauges = dict(GAUGE.findall(http.get(f"{server.url}/metrics").text))
    files = len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))
    return (
        files,
        int(float(gauges["streamlab_tasks"])),
        int(float(gauges["streamlab_connections"])),
    )


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_is_dropped_is_given_back(server: StreamlabProcess) -> None:
    for moment in MOMENTS:
        drop(open_stream(server), moment)
    before = wait_for_no_connection(server)
    for _ in range(DROPPED // (2 * len(MOMENTS))):
        for moment in MOMENTS:
            clients = [open_stream(server), open_stream(server)]
            for client in clients:
                drop(client, moment)
    # A socket is closed a moment after its connection ended.
    give_up_at = time.monotonic() + READ_TIMEOUT_S
    after = held(server)
    while not no_more(after, before) and time.monotonic() < give_up_at:
        time.sleep(0.05)
        after = held(server)
    assert no_more(after, before), (before, after)


def no_more(after: tuple[int, int, int], before: tuple[int, int, int]) -> bool:
    return all(now <= then for now, then in zip(after, before, strict=True))


def wait_for_no_connection(server: StreamlabProcess) -> tuple[int, int, int]:
    give_up_at = time.monotonic() + READ_TIMEOUT_S
    state = held(server)
    while state[2] and time.monotonic() < give_up_at:
        time.sleep(0.05)
        state = held(server)
    assert not state[2], f"{state[2]} connections are still known"
    return state


def test_one_too_many_is_told_when_to_come_back(server: StreamlabProcess) -> None:
    wait_for_no_connection(server)
    clients = [open_stream(server) for _ in range(LIMIT)]
    for client in clients:
        client.recv(1024)
    answer = httpx.get(f"{server.url}/streams/sse/street/dual", timeout=READ_TIMEOUT_S)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert answer.headers["content-type"] == "application/problem+json"
    for client in clients:
        client.close()
