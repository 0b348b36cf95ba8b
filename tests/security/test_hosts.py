"""A page that makes its own name resolve to this machine (DNS rebinding) gets nothing."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError

from streamlab.lab.lab import Lab
from streamlab.server.hosts import Hosts
from streamlab.settings import Settings
from tests.fakes.streamlab_process import StreamlabProcess

from .asking import Headers, app, ask, connect

LOOPBACK = ("localhost", "LOCALHOST.", "demo.localhost", "127.0.0.1", "127.8.9.1", "[::1]")
FOREIGN = (
    "rebound.example", "127.0.0.1.example", "localhost.example", "example.localhost.example",
    "127.0.0.1@rebound.example", "2130706433", "0x7f.0.0.1", "127.1", "", "[::1", "a b",
    "127.0.0.1%rebound.example", "xn--80ak6aa92e.example", "rebound.example:127.0.0.1",
)  # fmt: skip
ADDRESSES = ("10.1.2.3", "192.168.1.5", "[fe80::1]", "[2001:db8::1]", "0.0.0.0")


def with_ports(names: tuple[str, ...]) -> list[str]:
    return [*names, *(f"{name}:8000" for name in names)]


@pytest.mark.parametrize("host", with_ports(LOOPBACK))
@pytest.mark.parametrize("bound", ["127.0.0.1", "::1", "0.0.0.0", "10.1.2.3", "cam.local"])
def test_loopback_names_are_always_allowed(bound: str, host: str) -> None:
    assert Hosts([], [bound]).allow(host)


@pytest.mark.parametrize("host", with_ports(FOREIGN))
@pytest.mark.parametrize("bound", ["127.0.0.1", "::", "0.0.0.0", "10.1.2.3", "cam.local"])
def test_other_names_are_not(bound: str, host: str) -> None:
    assert not Hosts([], [bound]).allow(host)


@pytest.mark.parametrize("host", with_ports(ADDRESSES))
def test_any_address_is_allowed_on_a_wildcard_only(host: str) -> None:
    assert Hosts([], ["0.0.0.0"]).allow(host)
    assert Hosts([], ["::"]).allow(host)
    assert not Hosts([], ["127.0.0.1"]).allow(host)


def test_the_name_and_the_address_listened_on_are_allowed() -> None:
    hosts = Hosts([], ["Cam.Local", "10.1.2.3"])
    assert hosts.allow("cam.local:8000")
    assert hosts.allow("10.1.2.3")
    assert not hosts.allow("10.1.2.4")
    assert Hosts([], ["2001:DB8::1"]).allow("[2001:db8:0::1]:8000")


def test_the_setting_adds_names() -> None:
    hosts = Hosts(["cams.example", "*.site.example", "10.9.8.7", "fd00::1"], ["127.0.0.1"])
    allowed = ("cams.example", "CAMS.example.:443", "a.site.example", "a.b.site.example:1")
    assert all(map(hosts.allow, (*allowed, "10.9.8.7:80", "[FD00::1]:80", "localhost")))
    refused = ("xcams.example", "a.cams.example", "site.example", "site.example.org", "10.9.8.8")
    assert not any(map(hosts.allow, refused))
    assert Hosts(["*"]).allow("anything.example")


@pytest.mark.parametrize("host", ["http://cams.example", "cams.example:80", "a/b", "a b", ""])
def test_a_setting_that_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(ValidationError, match="allowed_hosts"):
        Settings(allowed_hosts=[host])


@pytest.mark.parametrize(
    ("headers", "version"),
    [
        ([], "1.0"),
        ([("X-Forwarded-For", "10.1.2.3")], "1.1"),
        ([("X-Forwarded-Host", "cams.example")], "1.1"),
        ([("Via", "1.1 proxy")], "1.1"),
        ([("Forwarded", "for=10.1.2.3")], "1.1"),
    ],
)
def test_the_name_of_an_upstream_is_explained(headers: Headers, version: str) -> None:
    upstream: Headers = [("Host", "backend"), *headers]
    status, body, _ = ask(app(), "GET", "/", upstream, http_version=version)
    assert status == 421
    assert b"allowed_hosts" in body
    assert b"proxy does not pass on Host: set `proxy_set_header Host $host`" in body


def test_without_a_sign_of_a_proxy_none_is_mentioned() -> None:
    assert b"proxy" not in ask(app(), "GET", "/", [("Host", "rebound.example")])[1]


@pytest.mark.parametrize("path", ["/", "/healthz", "/cameras", "/static/page.js", "/dashboard/"])
def test_a_foreign_host_is_misdirected_on_every_path(path: str) -> None:
    foreign = [("Host", "rebound.example:8000")]
    for method in ("GET", "HEAD", "POST", "DELETE", "PATCH", "OPTIONS", "QUERY"):
        status, body, _ = ask(app(), method, path, foreign)
        assert status == 421
        assert b"allowed_hosts" in body
    assert ask(app(allowed_hosts="rebound.example"), "GET", path, foreign)[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Host", "127.0.0.1"), ("Host", "rebound.example")],
        [("Host", "rebound.example"), ("X-Forwarded-Host", "127.0.0.1")],
        [("Host", "rebound.example"), ("Forwarded", "host=127.0.0.1")],
    ],
)
def test_nothing_else_can_stand_for_the_host(headers: list[tuple[str, str]]) -> None:
    assert ask(app(), headers=headers)[0] == 421


@pytest.mark.parametrize("extensions", [True, False])
def test_a_websocket_of_a_foreign_host_is_not_opened(extensions: bool) -> None:
    foreign = [("Host", "rebound.example:8000"), ("Origin", "http://rebound.example:8000")]
    assert connect(app(), foreign, extensions=extensions) == (421 if extensions else 403)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StreamlabProcess]:
    log_path = tmp_path_factory.mktemp("hosts") / "log"
    arguments = ("--camera", "street=synthetic://traffic?width=160&height=90&fps=5")
    with StreamlabProcess(
        log_path, *arguments, "--model", "none", allowed_hosts="cams.example, other.example"
    ) as server:
        yield server


def test_a_running_server_knows_its_names(server: StreamlabProcess) -> None:
    def status(host: str, method: str = "GET") -> int:
        url = f"{server.url}/cameras/street" if method == "DELETE" else f"{server.url}/cameras"
        return httpx.request(method, url, headers={"Host": host}, timeout=60).status_code

    assert [status(host) for host in ("localhost:1", "cams.example", "other.example")] == [200] * 3
    assert status("rebound.example") == status("rebound.example", "DELETE") == 421
    assert "street" in httpx.get(f"{server.url}/cameras", timeout=60).text


def handshake(server: StreamlabProcess, host: str, origin: str) -> bytes:
    """Return the answer to a websocket of the dashboard, up to its end."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        client.sendall(
            f"GET /dashboard/ws HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )
        return b"".join(iter(lambda: client.recv(4096), b""))


def test_a_page_elsewhere_opens_no_websocket_of_a_running_server(server: StreamlabProcess) -> None:
    own = f"127.0.0.1:{server.port}"
    rebound = handshake(server, "rebound.example", "http://rebound.example")
    assert rebound.startswith(b"HTTP/1.1 421 ")
    assert b"allowed_hosts" in rebound
    foreign = handshake(server, own, "http://rebound.example")
    assert foreign.startswith(b"HTTP/1.1 403 ")
    assert b"allowed_origins" in foreign
    # The dashboard itself refuses, for lack of a session.
    assert b"allowed_" not in handshake(server, own, f"http://{own}")


def test_the_server_of_a_lab_knows_its_names(tmp_path: Path) -> None:
    with Lab(allowed_hosts=["hub.example"]) as lab:
        url = lab.serve()
        for host, expected in (("hub.example", 200), ("rebound.example", 421)):
            answer = httpx.get(f"{url}healthz", headers={"Host": host}, timeout=60)
            assert answer.status_code == expected
