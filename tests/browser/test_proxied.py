"""The page and the dashboard behind the real nginx and the real jupyter-server-proxy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from benchmarks.measure.jupyter_lab import JupyterLabProcess
from playwright.sync_api import Browser, expect

from streamlab.client import Client, Fragment
from tests.browser.page import HAS_PICTURE, new_page, street_page
from tests.fakes.proxies import PREFIX, Nginx

pytestmark = pytest.mark.browser
TIMEOUT_S = 120.0
WHY = "the proxy does not pass on Host"


@pytest.fixture(scope="module")
def jupyter_url(tmp_path_factory: pytest.TempPathFactory, server_url: str) -> Iterator[str]:
    """The address of the shared server below that of a Jupyter server."""
    pytest.importorskip("jupyter_server_proxy")
    with JupyterLabProcess(tmp_path_factory.mktemp("jupyter")) as jupyter:
        yield f"{jupyter.url}/proxy/{httpx.URL(server_url).port}"


def test_the_page_behind_jupyter(chromium: Browser, jupyter_url: str) -> None:
    with street_page(chromium, jupyter_url, "view=raw") as street:
        street.act("switch")
        street.wait_for_channels("annotated")


@pytest.mark.parametrize("path", ["dashboard", "dashboard/"])
def test_the_dashboard_behind_jupyter(chromium: Browser, jupyter_url: str, path: str) -> None:
    pytest.importorskip("bokeh_fastapi")
    with new_page(chromium) as page:
        page.goto(f"{jupyter_url}/{path}?view=raw")  # built by way of its websocket
        page.wait_for_function(HAS_PICTURE)


def test_the_client_and_the_description_behind_jupyter(jupyter_url: str) -> None:
    with Client(jupyter_url) as client, client.watch("street", payload="url") as stream:
        fragment = next(event for event in stream if isinstance(event, Fragment))
        assert b"moof" in fragment.data[:8]
        assert stream.switch("annotated").channel == "annotated"
    docs = httpx.get(f"{jupyter_url}/docs", timeout=TIMEOUT_S)
    assert "url: 'openapi.json'" in docs.text
    described = httpx.get(f"{jupyter_url}/openapi.json", timeout=TIMEOUT_S).json()
    assert described["servers"] == [{"url": httpx.URL(jupyter_url).path}]


@pytest.mark.skipif(not Nginx.is_there(), reason="there is no nginx")
def test_the_page_says_that_nginx_passes_on_no_host(
    chromium: Browser, server_url: str, tmp_path: Path
) -> None:
    port = httpx.URL(server_url).port
    assert port is not None
    with (
        Nginx(tmp_path, port, PREFIX, "$proxy_host") as proxy,
        street_page(chromium, proxy.url, "view=raw", ignore_https_errors=True) as street,
    ):
        street.act("switch")
        expect(street.page.locator("#message-text")).to_contain_text(WHY)
        expect(street.page.locator("#message-text")).to_be_visible()
