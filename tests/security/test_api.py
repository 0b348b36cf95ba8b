"""What a client gets wrong is answered with 4xx and a problem document, and never repeated."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.fakes.streamlab_process import StreamlabProcess

from .raw_http import Answer, exchange, request

SOURCE = "street=synthetic://traffic?width=160&height=90&fps=5"
PROBLEM = "application/problem+json"
JSON = "Content-Type: application/json"
DIGITS = "9" * 5000
MARKER = "Zebra42Zebra"
SURROGATE = "%ed%a0%80"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StreamlabProcess]:
    log_path = tmp_path_factory.mktemp("api") / "log"
    with StreamlabProcess(log_path, "--camera", SOURCE, "--model", "truth") as server:
        yield server
        assert httpx.get(f"{server.url}/healthz").status_code == 200
    assert "Traceback" not in log_path.read_text()


def check_problem(answer: Answer) -> None:
    assert 400 <= answer.status < 500, answer
    assert answer.headers["content-type"] == PROBLEM
    assert answer.json()["status"] == answer.status
    assert len(answer.body) < 20_000


@pytest.mark.parametrize(
    "piece", ["%00", SURROGATE, "%ff", DIGITS, "[::1", "%5B::1", "..%2f..", "%"]
)
@pytest.mark.parametrize(
    "path",
    [
        "/{}", "/static/{}", "/streams/sse/{}/dual", "/streams/street/{}/medium/1.m4s",
        "/streams/street/raw/{}/1.m4s", "/streams/street/raw/medium/{}.m4s",
        "/streams/street/raw/medium/init-{}.mp4", "/cameras/{}/truth?from_pts=0&to_pts=1",
    ],
)  # fmt: skip
def test_paths(server: StreamlabProcess, path: str, piece: str) -> None:
    check_problem(request(server.port, "GET", path.format(piece)))


@pytest.mark.parametrize("piece", ["%00", SURROGATE, DIGITS, "nan", "-1", "1e999", "http://[::1"])
@pytest.mark.parametrize(
    "path",
    [
        "/streams/sse/street/dual?initial_channel={}", "/streams/sse/street/dual?raw_quality={}",
        "/streams/sse/street/dual?connection_id={}", "/streams/sse/mux?camera_id={}",
        "/streams/sse/street/sync-stats?window_s={}", "/streams/sse/street/sync-stats?stream_id={}",
        "/cameras/street/truth?to_pts=1&from_pts={}", "/cameras/street/truth?from_pts=0&to_pts={}",
        "/cameras/street/trace?seconds={}", "/events?kind={}", "/readyz?ready={}",
    ],
)  # fmt: skip
def test_queries(server: StreamlabProcess, path: str, piece: str) -> None:
    check_problem(request(server.port, "GET", path.format(piece)))


@pytest.mark.parametrize("host", ["[::1", "[", "", "a b", "\xff", "x:99999999", "[v1.x]", DIGITS])
def test_any_host_gets_an_answer(server: StreamlabProcess, host: str) -> None:
    check_problem(request(server.port, "GET", "/nowhere", f"Host: {host}"))
    check_problem(request(server.port, "POST", "/", f"Host: {host}"))
    for path in ("/cameras/", "/dashboard"):
        assert request(server.port, "GET", path, f"Host: {host}").status < 500


@pytest.mark.parametrize(
    "header",
    [
        f"Last-Event-ID: raw/medium/{DIGITS}", "Last-Event-ID: \xff", f"Range: bytes={DIGITS}-",
        "Content-Type: \xff", "Authorization: Bearer \xff", "Origin: http://[", "Accept: \xff",
        "X-Forwarded-For: [::1", "X-Forwarded-Prefix: //[", "X-Forwarded-Proto: \xff",
        f"If-Modified-Since: {DIGITS}", "Cookie: \xff", f"Content-Length: {DIGITS}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/cameras", "/static/page.js", "/streams/sse/none/dual"])
def test_headers(server: StreamlabProcess, path: str, header: str) -> None:
    assert request(server.port, "GET", path, header).status < 500


@pytest.mark.parametrize(
    "body",
    [
        b"", b"\xff", b"{", b"null", b"[]", b'"x"', DIGITS.encode(), b"[" * 5000, b'{"a":' * 5000,
        "{}".encode("utf-16") + b"\xd8", b'{"camera_id": "\\ud800", "source": "\\ud800"}',
        b'{"camera_id": "n", "source": "\\u0000"}', b'{"camera_id": "n", "source": "http://[::1/"}',
        b'{"camera_id": "n", "source": "rtsp://[::1"}', b'{"\\ud800": 1, "faults": 1}',
        b'{"faults": {"\\ud800": 1}}', b'{"faults": {"preset": "\\ud800"}}',
        b'{"faults": {"preset": []}}', b'{"faults": {"lag_sigma": NaN}}',
        b'{"sync_tolerance_ms": NaN}', b'{"sync_tolerance_ms": 1e999}',
        b'{"sync_tolerance_ms": %b}' % DIGITS.encode(), b'{"sync_tolerance_ms": true}',
        b'{"max_stale_fraction": "1"}', b'{"faults": {"seed": false}}',
        b'{"channel_type": "\\ud800"}', b'{"new_channel": "\\u0000", "connection_id": "\\ud800"}',
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/cameras"), ("PATCH", "/cameras/street"),
        ("POST", "/streams/sse/street/subscribe"), ("POST", "/streams/sse/street/switch"),
    ],
)  # fmt: skip
def test_bodies(server: StreamlabProcess, method: str, path: str, body: bytes) -> None:
    check_problem(request(server.port, method, path, JSON, body=body))


@pytest.mark.parametrize(
    "kind", ["text/plain", "multipart/form-data", "multipart/form-data; boundary=\xff", ";", "\xff"]
)
def test_content_types(server: StreamlabProcess, kind: str) -> None:
    body = b'{"camera_id": "n", "source": "synthetic://traffic"}'
    for path in ("/cameras", "/streams/sse/street/switch", "/streams/sse/street/subscribe"):
        check_problem(request(server.port, "POST", path, f"Content-Type: {kind}", body=body))


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00", b"GET / HTTP/9.9\r\n\r\n", b"FOO / HTTP/1.1\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\n\r\n", b"GET http://[::1/ HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: \0\r\n\r\n", b"GET / HTTP/1.1\r\n: b\r\n\r\n",
    ],
)  # fmt: skip
def test_what_is_not_http(server: StreamlabProcess, raw: bytes) -> None:
    check_problem(exchange(server.port, raw))


@pytest.mark.parametrize("path", ["../../x", "antigravity/a/_resources/b", "os/path/_esm/x", "%00"])
def test_the_dashboard_imports_no_module_that_is_asked_for(
    server: StreamlabProcess, path: str
) -> None:
    check_problem(request(server.port, "GET", f"/dashboard/components/{path}"))


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/cameras", {"camera_id": MARKER, "source": 1}),
        ("POST", "/cameras", {"camera_id": f"/{MARKER}", "source": "synthetic://traffic"}),
        ("POST", "/cameras", {"source": MARKER}),
        ("POST", "/cameras", {"camera_id": "n", "source": "x", "quality": MARKER}),
        ("POST", "/cameras", {"camera_id": "n", "source": "x", "confidence": MARKER}),
        ("PATCH", "/cameras/street", {MARKER: 1}),
        ("PATCH", "/cameras/street", {"sync_policy": MARKER}),
        ("PATCH", "/cameras/street", {"faults": {MARKER: 1}}),
        ("PATCH", "/cameras/street", {"faults": {"preset": MARKER}}),
        ("PATCH", "/cameras/street", {"faults": {"stall_ms": 4242424242}}),
        ("POST", "/streams/sse/street/subscribe", {"channel_type": [MARKER]}),
        ("POST", "/streams/sse/street/switch", {"new_channel": MARKER}),
        ("POST", "/streams/sse/street/switch", [MARKER]),
        ("GET", f"/streams/sse/street/dual?initial_channel={MARKER}", None),
        ("GET", f"/streams/sse/street/dual?raw_quality={MARKER}", None),
        ("GET", f"/streams/street/raw/{MARKER}/1.m4s", None),
        ("GET", f"/cameras/street/trace?seconds={MARKER}", None),
    ],
)
def test_an_invalid_request_is_not_repeated(
    server: StreamlabProcess, method: str, path: str, body: Any
) -> None:
    answer = httpx.request(method, server.url + path, json=body, timeout=60.0)
    assert answer.status_code == 422, answer.text
    assert MARKER not in answer.text
    assert "4242424242" not in answer.text
    assert "value" not in answer.json().get("errors", [{}])[0]


def schemas_of(server: StreamlabProcess) -> Iterator[tuple[str, dict[str, Any]]]:
    described = httpx.get(f"{server.url}/openapi.json").json()
    assert "HTTPValidationError" not in json.dumps(described)
    assert described["components"]["schemas"]["Problem"]["required"]
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            yield f"{method} {path}", operation["responses"]


def test_every_answer_is_described(server: StreamlabProcess) -> None:
    for name, answers in schemas_of(server):
        for status, answer in answers.items():
            content = answer.get("content", {})
            if status >= "4" and name != "get /readyz":
                schema = {"$ref": "#/components/schemas/Problem"}
                assert content == {PROBLEM: {"schema": schema}}, f"{name} {status}"
            elif "application/json" in content:
                assert "$ref" in content["application/json"]["schema"], f"{name} {status}"


@pytest.mark.parametrize(
    ("name", "statuses"),
    [
        ("get /streams/sse/{camera_id}/dual", "401 403 404 405 409 421 422 429 503"),
        ("post /streams/sse/{camera_id}/switch", "401 403 404 405 413 415 421 422 503 504"),
        ("get /streams/{camera_id}/{channel}/{quality}/{sequence}.m4s", "401 403 404 410 421 422"),
        ("post /cameras", "201 202 401 403 409 413 415 421 422 429 503 507"),
    ],
)
def test_every_status_is_described(server: StreamlabProcess, name: str, statuses: str) -> None:
    bounds = {"408", "414", "431", "503"}  # of every request
    assert {*statuses.split()} | bounds <= dict(schemas_of(server))[name].keys()


def test_the_dashboard_takes_any_cookie_and_puts_none_into_its_page(
    server: StreamlabProcess,
) -> None:
    pytest.importorskip("panel")
    from bokeh.util.token import get_token_payload

    for cookie in ("a[=1", "path=2", '"', f"streamlab_token={MARKER}"):
        answer = request(server.port, "GET", "/dashboard/", f"Cookie: {cookie}")
        assert answer.status == 200, cookie
        (token,) = re.findall(r'"token":"([^"]+)"', answer.body.decode())
        assert not get_token_payload(token)["cookies"]
        assert MARKER not in str(get_token_payload(token))
