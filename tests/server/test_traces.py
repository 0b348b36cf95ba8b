"""The endpoint that records a camera."""

from __future__ import annotations

import asyncio
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from streamlab.analysis import read_trace
from streamlab.media.spec import SourcePolicy, SourceSpec
from streamlab.server.app import create_app
from streamlab.server.traces import MAX_RECORDINGS
from streamlab.settings import Settings
from streamlab.viewers import StreamChannelManager

TIMEOUT_S = 300.0
TINY = "synthetic://traffic?width=160&height=90&fps=25"


@pytest.fixture(scope="module")
def http(server_url: str) -> Iterator[httpx.Client]:
    """A client of a server that has a small camera, `tiny`, which nobody watches."""
    with httpx.Client(base_url=server_url, timeout=TIMEOUT_S) as http:
        http.post("/cameras", json={"camera_id": "tiny", "source": TINY}).raise_for_status()
        yield http
        http.delete("/cameras/tiny")


def recordings(http: httpx.Client) -> int:
    """Return how many recordings of `tiny` run."""
    cameras = http.get("/cameras").json()["cameras"]
    return next(int(camera["viewers"]) for camera in cameras if camera["camera_id"] == "tiny")


def wait_for_recordings(http: httpx.Client, count: int) -> None:
    give_up_at = time.monotonic() + TIMEOUT_S
    while recordings(http) != count:
        assert time.monotonic() < give_up_at, f"{recordings(http)} recordings, not {count}"
        time.sleep(0.02)


def released(http: httpx.Client) -> int:
    """Return how many frames of `tiny` have been released."""
    stats = http.get("/streams/sse/tiny/sync-stats").json()
    return int(stats["channels"]["annotated"]["released"])


def begin(http: httpx.Client, seconds: int) -> socket.socket:
    """Ask for a recording, and do not wait for it."""
    address = urlsplit(str(http.base_url))
    asking = socket.create_connection((address.hostname or "", address.port or 0), TIMEOUT_S)
    line = f"GET /cameras/tiny/trace?seconds={seconds} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n"
    asking.sendall(line.encode())
    return asking


def test_a_recording_is_a_trace_in_parquet(http: httpx.Client, tmp_path: Path) -> None:
    began_s = time.monotonic()
    response = http.get("/cameras/tiny/trace", params={"seconds": 1})
    took_s = time.monotonic() - began_s
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/vnd.apache.parquet"
    assert 'filename="tiny-trace.parquet"' in response.headers["content-disposition"]
    path = tmp_path / "tiny.parquet"
    path.write_bytes(response.content)
    table = read_trace(path)
    assert len(table) > 0
    captured_ns = table["captured_ns"]
    assert captured_ns.iloc[-1] - captured_ns.iloc[0] <= took_s * 1e9
    assert took_s >= 1
    assert table.attrs["about"]["camera_id"] == "tiny"
    assert table.attrs["about"]["source"] == TINY
    assert recordings(http) == 0


@pytest.mark.parametrize("seconds", ["0", "3601", "nan", "long", ""])
def test_the_time_has_bounds(http: httpx.Client, seconds: str) -> None:
    response = http.get("/cameras/tiny/trace", params={"seconds": seconds})
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert "seconds" in response.json()["detail"]


def test_a_camera_that_is_not_there(http: httpx.Client) -> None:
    response = http.get("/cameras/nowhere/trace", params={"seconds": 1})
    assert response.status_code == 404
    assert "tiny" in response.json()["hint"]


def test_recordings_are_bounded_and_end_when_their_clients_leave(http: httpx.Client) -> None:
    with ExitStack() as asking:
        for _ in range(MAX_RECORDINGS):
            asking.enter_context(begin(http, 600))
        wait_for_recordings(http, MAX_RECORDINGS)
        response = http.get("/cameras/tiny/trace", params={"seconds": 1})
        assert response.status_code == 429
        assert "Try again" in response.json()["hint"]
    wait_for_recordings(http, 0)
    assert http.get("/cameras/tiny/trace", params={"seconds": 1}).status_code == 200


def test_a_camera_that_is_removed_ends_its_recording(http: httpx.Client) -> None:
    with begin(http, 600) as asking:
        wait_for_recordings(http, 1)
        before = released(http)
        while released(http) < before + 5:
            time.sleep(0.02)
        http.delete("/cameras/tiny").raise_for_status()
        answer = asking.recv(4096)
    http.post("/cameras", json={"camera_id": "tiny", "source": TINY}).raise_for_status()
    assert answer.startswith(b"HTTP/1.1 200")


def test_a_server_without_pyarrow_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pyarrow", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, name, None)

    async def ask() -> httpx.Response:
        manager = StreamChannelManager(Settings(allowed_hosts=["test"]))
        app = create_app(manager, SourcePolicy(frozenset()))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            await manager.add_camera("tiny", SourceSpec.parse(TINY))
            try:
                return await client.get("/cameras/tiny/trace", params={"seconds": 1})
            finally:
                await manager.close()

    response = asyncio.run(ask())
    assert response.status_code == 501
    assert response.headers["content-type"] == "application/problem+json"
    assert "pyarrow" in response.json()["detail"]
    assert "streamlab-vision[traces]" in response.json()["hint"]
