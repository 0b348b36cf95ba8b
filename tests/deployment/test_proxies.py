"""The server behind the real nginx and Caddy, at their root and below a path."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

from streamlab.settings import Settings
from tests.fakes.proxies import DEPLOY, PREFIX, Caddy, Nginx, Proxy
from tests.fakes.streamlab_process import StreamlabProcess
from tests.wire.sse import Event, EventParser

from .dashboard_socket import open_dashboard

SOURCE = "street=synthetic://traffic?width=320&height=180&fps=10"
TOKEN = "watch-0123456789"
TIMEOUT_S = 120.0
LOADED = ("static/page.css", "static/page.js")
LINK = re.compile(r'(?:href|src)="([^"]+)"')
DOCS = DEPLOY.parent / "docs"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StreamlabProcess]:
    log_path = tmp_path_factory.mktemp("proxied") / "log"
    arguments = ("--camera", SOURCE, "--model", "truth")
    with StreamlabProcess(
        log_path, *arguments, ready_path="/healthz", tokens=TOKEN, heartbeat_interval=0.3
    ) as server:
        yield server


@pytest.fixture(scope="module", params=[Nginx, Caddy])
def kind(request: pytest.FixtureRequest) -> type[Proxy]:
    found: type[Proxy] = request.param
    if not found.is_there():
        pytest.skip(f"there is no {found.program}")
    return found


@pytest.fixture(scope="module", params=["", PREFIX])
def proxy(
    request: pytest.FixtureRequest,
    kind: type[Proxy],
    server: StreamlabProcess,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Proxy]:
    with kind(tmp_path_factory.mktemp(kind.program), server.port, request.param) as proxy:
        yield proxy


@contextmanager
def client_of(proxy: Proxy, token: str = TOKEN) -> Iterator[httpx.Client]:
    """Yield a client that behaves as a page of the server does."""
    headers = {"Origin": proxy.origin} | ({"Authorization": f"Bearer {token}"} if token else {})
    trust = proxy.context or True
    with httpx.Client(
        base_url=f"{proxy.url}/", headers=headers, verify=trust, timeout=TIMEOUT_S
    ) as client:
        yield client


@contextmanager
def events_of(client: httpx.Client, **query: str) -> Iterator[Iterator[Event]]:
    def read(answer: httpx.Response) -> Iterator[Event]:
        parser = EventParser()
        for piece in answer.iter_bytes():
            yield from parser.receive(piece)

    with client.stream("GET", "streams/sse/street/dual", params=query) as answer:
        assert answer.status_code == 200
        yield read(answer)


def first(events: Iterator[Event], name: str) -> Event:
    return next(event for event in events if event.name == name)


def test_the_page_and_what_it_loads(proxy: Proxy) -> None:
    with client_of(proxy) as client:
        page = client.get("")
        links = [link for link in LINK.findall(page.text) if not link.startswith("data:")]
        assert set(links) == {"cameras", "dashboard/", "docs", *LOADED}
        for link in links:
            assert client.get(urljoin(str(page.url), link)).status_code == 200
        described = client.get("openapi.json").json()
    assert described.get("servers") == ([{"url": proxy.prefix}] if proxy.prefix else None)


def test_a_viewer_watches_and_switches(proxy: Proxy) -> None:
    with client_of(proxy) as client, events_of(client) as events:
        connection_id = first(events, "connected").data["connection_id"]
        first(events, "fragment")
        body = {"connection_id": connection_id, "new_channel": "annotated"}
        answer = client.post("streams/sse/street/switch", json=body)
        assert answer.status_code == 200, answer.text
        assert first(events, "switched").data["channel"] == "annotated"


def test_small_events_are_not_held_back(proxy: Proxy) -> None:
    with client_of(proxy) as client, events_of(client) as events:
        connection_id = first(events, "connected").data["connection_id"]
        query = {"connection_id": connection_id, "channel_type": "raw"}
        client.delete("streams/sse/street/subscribe", params=query).raise_for_status()
        assert first(events, "heartbeat").data["server_time"]


def test_urls_in_events(proxy: Proxy) -> None:
    with client_of(proxy) as client, events_of(client, payload="url") as events:
        url = urljoin(f"{proxy.url}/streams/sse/street/dual", first(events, "fragment").data["url"])
        assert url.startswith(f"{proxy.url}/streams/street/raw/")
        assert client.get(url).status_code == 200


def test_the_cookie_is_for_the_path_of_the_server(proxy: Proxy) -> None:
    with client_of(proxy, token="") as client:
        page = client.get(f"docs?access_token={TOKEN}", headers={"Accept": "text/html"})
        cookie = page.headers["set-cookie"]
        assert f"Path={proxy.prefix}/;" in cookie
        assert ("Secure" in cookie) == proxy.url.startswith("https")
        assert client.get("cameras").status_code == 200


def test_the_websocket_of_the_dashboard(proxy: Proxy) -> None:
    pytest.importorskip("panel")
    with client_of(proxy) as client:
        page = client.get("dashboard/").text
    query = f"?access_token={TOKEN}"
    with open_dashboard(proxy.url, page, query, proxy.origin, proxy.context) as socket:
        assert "ACK" in str(socket.recv(TIMEOUT_S))


def test_a_client_behind_a_proxy_names_no_prefix(proxy: Proxy) -> None:
    with client_of(proxy) as client:
        described = client.get("openapi.json", headers={"X-Forwarded-Prefix": "/evil"}).json()
    assert "/evil" not in str(described.get("servers"))


@pytest.mark.skipif(not Nginx.is_there(), reason="there is no nginx")
@pytest.mark.parametrize(("host", "status"), [("backend", 421), ("$proxy_host", 403)])
def test_nginx_that_passes_on_no_host_is_explained(
    server: StreamlabProcess, tmp_path: Path, host: str, status: int
) -> None:
    with Nginx(tmp_path, server.port, PREFIX, host) as proxy, client_of(proxy) as client:
        body = {"connection_id": "c", "new_channel": "raw"}
        answer = client.post("streams/sse/street/switch", json=body)
        assert answer.status_code == status
        assert "proxy does not pass on Host: set `proxy_set_header Host" in answer.json()["hint"]


def test_nginx_closes_no_stream_between_two_heartbeats() -> None:
    timeout = re.search(r"proxy_read_timeout (\d+)s;", (DEPLOY / "nginx.conf").read_text())
    assert timeout is not None
    assert int(timeout[1]) >= 2 * Settings().heartbeat_interval


def test_the_configurations_are_documented_as_they_are() -> None:
    page = (DOCS / "security.md").read_text()
    for name in ("nginx.conf", "Caddyfile"):
        assert f"\n{(DEPLOY / name).read_text()}```\n" in page, name
