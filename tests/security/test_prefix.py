"""A server below a path of another: behind proxies that name the prefix, and that do not."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from starlette.types import Receive, Scope, Send

from streamlab.errors import InvalidRequestError
from streamlab.media.spec import SourcePolicy
from streamlab.server.app import create_app
from streamlab.server.prefix import (
    ForwardedHeaders,
    parse_root_path,
    route_path,
    url_root,
    with_prefix,
)
from streamlab.settings import Settings
from streamlab.tokens import Token
from streamlab.viewers import StreamChannelManager
from tests.fakes.rtsp_server import free_port
from tests.fakes.streamlab_process import StreamlabProcess

from .test_api import SOURCE

TOKEN = "watch-0123456789"
READ_TIMEOUT_S = 60.0
URL = re.compile(r'"url":"([^"]+)"')
LINK = re.compile(r'(?:href|src)="([^"]+)"')


class Site:
    """An app behind a proxy at ``http://site{prefix}``, which removes the prefix or not."""

    def __init__(
        self, prefix: str, *, strips: bool, names: bool, root_path: str = "", tokens: str = ""
    ) -> None:
        settings = Settings(
            tokens=[Token(token=SecretStr(tokens))] if tokens else [], allowed_hosts=["site"]
        )
        app = create_app(StreamChannelManager(settings), SourcePolicy(frozenset()))
        self.app = ForwardedHeaders(app, root_path)
        self.prefix, self.strips, self.names = prefix, strips, names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = scope["path"]
            assert path.startswith(self.prefix), path
            if self.strips:
                scope["path"] = path.removeprefix(self.prefix)
            if self.names:
                scope["headers"].append((b"x-forwarded-prefix", self.prefix.encode()))
        await self.app(scope, receive, send)

    def get(self, *paths: str, **options: str) -> list[httpx.Response]:
        async def get_all() -> list[httpx.Response]:
            transport = httpx.ASGITransport(self, client=("127.0.0.1", 1))
            async with httpx.AsyncClient(transport=transport) as client:
                return [await client.get(f"http://site{path}", headers=options) for path in paths]

        return asyncio.run(get_all())


SITES = [
    Site("/cam", strips=True, names=False),
    Site("/cam", strips=True, names=True),
    Site("/cam", strips=False, names=True),
    Site("/cam", strips=True, names=False, root_path="/cam/"),
    Site("/cam", strips=False, names=False, root_path="/cam"),
    Site("/user/me/proxy/8000", strips=True, names=True),
    Site("", strips=True, names=False),
]


@pytest.mark.parametrize("site", SITES)
def test_pages_and_what_they_load(site: Site) -> None:
    start = f"{site.prefix}/"
    (page,) = site.get(start)
    links = [link for link in LINK.findall(page.text) if not link.startswith("data:")]
    assert links == ["static/page.css", "static/page.js", "dashboard/", "cameras", "docs"]
    for link in links[:2]:
        (loaded,) = site.get(httpx.URL(urljoin(str(page.url), link)).path)
        assert loaded.status_code == 200
    docs, described = site.get(f"{site.prefix}/docs", f"{site.prefix}/openapi.json")
    assert "url: 'openapi.json'" in docs.text
    assert described.status_code == 200
    knows = site.prefix if site.names or site.app._root_path else ""
    assert described.json().get("servers") == ([{"url": knows}] if knows else None)


@pytest.mark.parametrize("site", SITES)
def test_redirects_stay_below_the_prefix(site: Site) -> None:
    redirect, same = site.get(f"{site.prefix}/cameras/?a=b", f"{site.prefix}/cameras")
    assert redirect.status_code == 307
    location = redirect.headers["location"]
    assert not location.startswith(("/", "http"))
    assert urljoin(str(redirect.url), location) == f"{same.url}?a=b"


def test_the_prefix_itself_leads_to_the_page() -> None:
    (redirect,) = Site("/cam", strips=False, names=True).get("/cam")
    assert urljoin(str(redirect.url), redirect.headers["location"]) == "http://site/cam/"


def test_the_scripts_of_the_page_name_no_path_of_their_own() -> None:
    for script in (Path(__file__).parents[2] / "src" / "streamlab" / "web").rglob("*.js"):
        rooted = re.findall(r"""(?:fetch|getJson|import|URL)\(\s*[`"']/""", script.read_text())
        assert not rooted, script.name


@pytest.mark.parametrize(("prefix", "path"), [("", "/"), ("/cam", "/cam/"), ("/a%40b", "/a%40b/")])
def test_the_cookie_is_for_the_prefix(prefix: str, path: str) -> None:
    site = Site("", strips=True, names=False, tokens=TOKEN)
    headers = {"accept": "text/html", "x-forwarded-prefix": prefix}
    (page,) = site.get(f"/docs?access_token={TOKEN}", **headers)
    assert f"Path={path};" in page.headers["set-cookie"]


@pytest.mark.parametrize(
    "site",
    [
        Site(
            each.prefix,
            strips=each.strips,
            names=each.names,
            root_path=each.app._root_path,
            tokens=TOKEN,
        )
        for each in SITES
    ],
)
def test_tokens_are_asked_for_below_a_prefix(site: Site) -> None:
    paths = [f"{site.prefix}{path}" for path in ("/", "/healthz", "/static/page.js", "/cameras")]
    assert [each.status_code for each in site.get(*paths)] == [200, 200, 200, 401]


@pytest.mark.parametrize(
    "prefix", ["//evil.example", "evil", "/../x", "/a//b", '/a"b', "/%0d%0a", "/a?b", "http://x/y"]
)
def test_what_is_no_prefix_is_ignored(prefix: str) -> None:
    site = Site("", strips=True, names=False)
    (described,) = site.get("/openapi.json", **{"x-forwarded-prefix": prefix})
    assert "servers" not in described.json()
    with pytest.raises(InvalidRequestError):
        parse_root_path(prefix)


def test_only_a_trusted_proxy_names_the_prefix() -> None:
    async def get(peer: str) -> httpx.Response:
        manager = StreamChannelManager(Settings(allowed_hosts=["site"]))
        app = create_app(manager, SourcePolicy(frozenset()))
        transport = httpx.ASGITransport(ForwardedHeaders(app), client=(peer, 1))
        async with httpx.AsyncClient(transport=transport) as client:
            headers = {"X-Forwarded-Prefix": "/cam"}
            return await client.get("http://site/openapi.json", headers=headers)

    assert asyncio.run(get("127.0.0.1")).json()["servers"] == [{"url": "/cam"}]
    assert "servers" not in asyncio.run(get("10.0.0.7")).json()


@given(st.sampled_from(["", "/a", "/a/b"]), st.booleans(), st.sampled_from(["/", "/x", "/x/y/z"]))
def test_the_root_in_urls_leads_to_the_root(prefix: str, is_named: bool, path: str) -> None:
    headers = [(b"via", b"1.1 proxy")]
    scope = {"path": path, "raw_path": path.encode(), "headers": headers}
    root = url_root(with_prefix(scope, prefix if is_named else ""))
    assert urljoin(f"http://site{prefix}{path}", f"{root}streams") == f"http://site{prefix}/streams"


def test_without_a_proxy_urls_are_paths() -> None:
    scope = {"path": "/x/y", "raw_path": b"/x/y", "headers": [], "http_version": "1.1"}
    assert url_root(scope) == "/"


@given(
    st.sampled_from(["", "/a", "/a/b"]), st.sampled_from(["/", "/x", "/ab", "/b/a", "/static/x"])
)
def test_a_route_is_found_with_and_without_the_prefix(prefix: str, path: str) -> None:
    for passed in {path, prefix + path}:
        scope = with_prefix({"path": passed, "raw_path": passed.encode()}, prefix)
        assert route_path(scope) == path
        assert scope["path"] == prefix + path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StreamlabProcess]:
    log_path = tmp_path_factory.mktemp("prefix") / "log"
    arguments = ("--camera", SOURCE, "--model", "truth", "--root-path", "/cam")
    with StreamlabProcess(log_path, *arguments) as server:
        yield server


@pytest.mark.parametrize(
    ("path", "headers", "prefix"),
    [
        ("/cam/streams/sse/street/dual", {}, "/cam"),
        ("/streams/sse/street/dual", {}, "/cam"),
        ("/streams/sse/mux", {"X-Forwarded-Prefix": "/user/a%40b/8000/"}, "/user/a%40b/8000"),
    ],
)
def test_urls_in_events(
    server: StreamlabProcess, path: str, headers: dict[str, str], prefix: str
) -> None:
    query = {"payload": "url", **({"camera_id": "street"} if "mux" in path else {})}
    with (
        httpx.Client(base_url=server.url, timeout=READ_TIMEOUT_S) as http,
        http.stream("GET", path, params=query, headers=headers) as stream,
    ):
        lines = stream.iter_lines()
        url = next(found[1] for line in lines if (found := URL.search(line)))
        assert url.startswith(f"{prefix}/streams/street/raw/medium/")
        assert http.get(url, headers=headers).status_code == 200


def test_the_dashboard_below_a_prefix(server: StreamlabProcess) -> None:
    pytest.importorskip("panel")
    page = httpx.get(f"{server.url}/cam/dashboard/", timeout=READ_TIMEOUT_S)
    scripts = [link for link in LINK.findall(page.text) if ".js" in link]
    assert scripts
    for script in scripts:
        url = urljoin(str(page.url), script)
        assert url.startswith(f"{server.url}/cam/dashboard/static/")
        assert httpx.head(url, timeout=READ_TIMEOUT_S).status_code == 200


def test_several_workers_are_refused(tmp_path: Path) -> None:
    (tmp_path / "served.py").write_text(
        "from streamlab.media.spec import SourcePolicy\n"
        "from streamlab.server.app import create_app\n"
        "from streamlab.settings import Settings\n"
        "from streamlab.viewers import StreamChannelManager\n"
        "app = create_app(StreamChannelManager(Settings()), SourcePolicy(frozenset()))\n"
    )
    command = [sys.executable, "-m", "uvicorn", "served:app", "--workers", "2"]
    ended = subprocess.run(
        [*command, "--port", str(free_port())],
        cwd=tmp_path, env=os.environ, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert "several uvicorn workers" in ended.stderr
    assert "--workers 1" in ended.stderr
