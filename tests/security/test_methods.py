"""HEAD, OPTIONS and ``Allow`` on every path; bodies for HTTP/1.0."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest

from tests.fakes.streamlab_process import StreamlabProcess

from .raw_http import exchange, request
from .test_api import SOURCE

READ_TIMEOUT_S = 60.0
READABLE = [
    "/", "/cameras", "/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/events",
    "/static/page.js", "/streams/dual-channel/stats", "/streams/sse/street/dual",
    "/streams/sse/mux?camera_id=street", "/streams/sse/street/sync-stats",
    "/cameras/street/truth?from_pts=0&to_pts=9", "/cameras/street/trace?seconds=3600",
    "/dashboard/",
]  # fmt: skip
ALLOWED = {
    "/cameras": "GET, HEAD, POST, OPTIONS",
    "/cameras/street": "PATCH, DELETE, OPTIONS",
    "/streams/sse/street/subscribe": "POST, DELETE, OPTIONS",
    "/streams/sse/street/switch": "POST, OPTIONS",
    "/streams/sse/street/dual": "GET, HEAD, OPTIONS",
    "/static/page.js": "GET, HEAD, OPTIONS",
    "/dashboard/": "GET, HEAD, OPTIONS",
    "/": "GET, HEAD, OPTIONS",
    "/healthz": "GET, HEAD, OPTIONS",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StreamlabProcess]:
    log_path = tmp_path_factory.mktemp("methods") / "log"
    with StreamlabProcess(log_path, "--camera", SOURCE, "--model", "truth") as server:
        yield server
    assert "Traceback" not in log_path.read_text()


@pytest.fixture(scope="module")
def http(server: StreamlabProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=READ_TIMEOUT_S) as http:
        yield http


@pytest.mark.parametrize("path", READABLE)
def test_whatever_can_be_got_can_be_asked_about(http: httpx.Client, path: str) -> None:
    head = http.head(path)
    assert head.status_code == 200
    assert head.content == b""
    if "content-length" in head.headers and path not in ("/metrics", "/dashboard/"):
        assert head.headers["content-length"] == http.get(path).headers["content-length"]
    options = http.options(path)
    assert options.status_code == 204
    assert {"GET", "HEAD", "OPTIONS"} <= {*options.headers["allow"].split(", ")}


def test_asking_about_a_stream_opens_none(http: httpx.Client) -> None:
    def connections() -> int:
        found: int = http.get("/streams/dual-channel/stats").json()["total_connections"]
        return found

    reserved = http.post("/streams/sse/street/subscribe", json={"channel_type": "raw"}).json()
    before = connections()
    query = {"connection_id": reserved["connection_id"]}
    for _ in range(3):
        assert http.head("/streams/sse/street/dual", params=query).status_code == 200
        assert http.head("/streams/sse/street/dual").status_code == 200
    give_up_at = time.monotonic() + READ_TIMEOUT_S
    while connections() != before and time.monotonic() < give_up_at:
        time.sleep(0.05)
    assert connections() == before
    with http.stream("GET", "/streams/sse/street/dual", params=query) as stream:
        assert stream.status_code == 200  # still reserved


def test_refusals_have_no_body_either(http: httpx.Client) -> None:
    for path, status in {
        "/nowhere": 404,
        "/streams/sse/none/dual": 404,
        "/cameras/street": 405,
    }.items():
        head = http.head(path)
        assert head.status_code == status
        assert head.content == b""
    assert http.options("/nowhere").status_code == 404


@pytest.mark.parametrize("path", ALLOWED)
def test_what_is_not_allowed_is_told_all_that_is(http: httpx.Client, path: str) -> None:
    allowed = ALLOWED[path]
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"):
        if method not in allowed:
            refused = http.request(method, path)
            assert refused.status_code == 405, method
            assert refused.headers["allow"] == allowed
            assert refused.headers["content-type"] == "application/problem+json"
    assert http.options(path).headers["allow"] == allowed


def test_options_of_the_server(server: StreamlabProcess) -> None:
    answer = request(server.port, "OPTIONS", "*")
    assert answer.status == 204
    assert "PATCH" in answer.headers["allow"]


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_stream_has_chunks_only_where_they_are_known(
    server: StreamlabProcess, version: str
) -> None:
    head = f"GET /streams/sse/street/dual HTTP/{version}\r\nHost: 127.0.0.1\r\n\r\n"
    answer = exchange(server.port, head.encode(), until=b"event: fragment")
    assert answer.headers.get("transfer-encoding") == (None if version == "1.0" else "chunked")
    assert answer.body.startswith(b"event: connected") is (version == "1.0")


@pytest.mark.parametrize("path", ["/cameras", "/events", "/static/page.js", "/dashboard/"])
def test_http_1_0(server: StreamlabProcess, path: str) -> None:
    until = b"\r\n\r\n" if path == "/events" else b""  # it does not end
    answer = exchange(server.port, f"GET {path} HTTP/1.0\r\n\r\n".encode(), until=until)
    assert answer.status == 200
    assert "transfer-encoding" not in answer.headers
    assert answer.headers["connection"] == "close"
