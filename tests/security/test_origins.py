"""A page of another site can neither change anything nor open a websocket."""

from __future__ import annotations

import pytest

from .asking import OWN, Headers, app, ask, connect

JSON: Headers = [("Content-Type", "application/json"), ("Content-Length", "2")]
CHANGES = [
    ("POST", "/cameras"),
    ("PATCH", "/cameras/street"),
    ("DELETE", "/cameras/street"),
    ("POST", "/streams/sse/street/subscribe"),
    ("DELETE", "/streams/sse/street/subscribe"),
    ("POST", "/streams/sse/street/switch"),
    ("POST", "/dashboard/"),
    ("PUT", "/nowhere"),
]
FOREIGN = [
    "http://rebound.example", "http://rebound.example:8000", "http://127.0.0.1",
    "http://127.0.0.1:8001", "http://localhost:8000", "null", "", "127.0.0.1:8000",
    "http://127.0.0.1:8000.rebound.example", "http://rebound.example@127.0.0.1:8000",
    "http://127.0.0.1:8000/", "file://127.0.0.1:8000", "chrome-extension://127.0.0.1:8000",
    "http://127.0.0.1:8000x", "http://pages.example.rebound.example",
]  # fmt: skip
PAGES = "https://pages.example"


def origin(value: str) -> Headers:
    return [*OWN, ("Origin", value)]


@pytest.mark.parametrize("foreign", FOREIGN)
def test_a_foreign_page_changes_nothing(foreign: str) -> None:
    ours = app(allowed_origins=PAGES)
    for method, path in CHANGES:
        status, body, taken = ask(ours, method, path, [*origin(foreign), *JSON], [b"{}"])
        assert (status, taken) == (403, 0)
        assert b"allowed_origins" in body


@pytest.mark.parametrize("headers", [OWN, origin("http://127.0.0.1:8000"), origin(PAGES)])
def test_own_and_allowed_pages_and_other_clients_may(headers: Headers) -> None:
    for method, path in CHANGES:
        for ours in (app(allowed_origins=PAGES), app(allowed_origins="*")):
            assert ask(ours, method, path, [*headers, *JSON], [b"{}"])[0] != 403


def test_one_foreign_origin_among_several_is_enough() -> None:
    both = [*origin("http://127.0.0.1:8000"), ("Origin", "http://rebound.example")]
    assert ask(app(), "DELETE", "/cameras/street", both)[0] == 403


@pytest.mark.parametrize("foreign", FOREIGN)
def test_a_foreign_page_opens_no_websocket(foreign: str) -> None:
    assert connect(app(allowed_origins=PAGES), origin(foreign)) == 403
    assert connect(app(), origin(foreign), extensions=False) == 403


def test_own_and_allowed_pages_open_websockets() -> None:
    ours = app(allowed_origins=PAGES)
    for headers in (OWN, origin("http://127.0.0.1:8000"), origin(PAGES)):
        assert connect(ours, headers) == 101


@pytest.mark.parametrize(
    ("scheme", "page", "status"),
    [
        ("http", "https://cams.example", 404),  # a proxy that takes TLS off and does not say so
        ("https", "https://cams.example", 404),
        ("https", "http://cams.example", 403),
        ("http", "http://cams.example:80", 404),
        ("https", "https://cams.example:443", 404),
        ("https", "https://cams.example:80", 403),
    ],
)
def test_the_page_behind_a_proxy_is_the_servers_own(scheme: str, page: str, status: int) -> None:
    headers = [("Host", "cams.example"), ("Origin", page), *JSON]
    ours = app(allowed_hosts="cams.example")
    assert ask(ours, "DELETE", "/cameras/none", headers, scheme=scheme)[0] == status


@pytest.mark.parametrize(
    ("host", "page", "more"),
    [
        ("127.0.0.1:8000", "https://cams.example", []),  # nginx: the upstream's address
        ("127.0.0.1", "http://127.0.0.1:8443", [("X-Forwarded-Proto", "https")]),  # $host
    ],
)
def test_a_proxy_that_replaces_the_host_is_explained(host: str, page: str, more: Headers) -> None:
    headers = [("Host", host), ("Origin", page), *more, *JSON]
    status, body, _ = ask(app(), "POST", "/cameras", headers, [b"{}"])
    assert status == 403
    assert b"proxy does not pass on Host: set `proxy_set_header Host $host`" in body
    assert b"$http_host" in body


def test_another_server_of_this_machine_is_no_proxy() -> None:
    headers = [*origin("http://localhost:8888"), *JSON]
    assert b"proxy" not in ask(app(), "POST", "/cameras", headers, [b"{}"])[1]


def test_a_foreign_page_may_still_ask_what_only_reads() -> None:
    for method in ("GET", "HEAD", "OPTIONS"):
        assert ask(app(), method, "/healthz", origin("http://rebound.example"))[0] != 403


@pytest.mark.parametrize(
    "kind",
    [
        None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
        "text/json", "application/jsonp", "text/plain; application/json", "application/octet",
        "application/json, text/plain", "",
    ],
)  # fmt: skip
@pytest.mark.parametrize("length", [[("Content-Length", "2")], [("Transfer-Encoding", "chunked")]])
def test_a_body_that_is_not_declared_as_json_is_not_read(kind: str | None, length: Headers) -> None:
    declared = [] if kind is None else [("Content-Type", kind)]
    for method, path in CHANGES:
        status, body, taken = ask(app(), method, path, [*OWN, *declared, *length], [b"{}"])
        assert (status, taken) == (415, 0)
        assert b"application/json" in body


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON;charset=utf-8", "application/merge-patch+json"]
)
def test_json_is_read(kind: str) -> None:
    headers = [*OWN, ("Content-Type", kind), ("Content-Length", "2")]
    assert ask(app(), "POST", "/cameras", headers, [b"{}"])[0] == 422


def test_a_request_without_a_body_needs_no_type() -> None:
    assert ask(app(), "DELETE", "/cameras/none", OWN)[0] == 404
    assert ask(app(), "POST", "/cameras", [*OWN, ("Content-Length", "0")])[0] == 422
