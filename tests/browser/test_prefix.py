"""The page and the dashboard below a path that the server does not know of."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.page import new_page
from tests.fakes.prefix_proxy import PrefixProxy
from tests.fakes.streamlab_process import StreamlabProcess

pytestmark = pytest.mark.browser

PREFIX = "/user/me/proxy/8000"
SOURCE = "street=synthetic://traffic?width=320&height=180&fps=10"
TIMEOUT_MS = 60_000


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefixProxy]:
    log_path = tmp_path_factory.mktemp("prefix") / "log"
    with (
        StreamlabProcess(log_path, "--camera", SOURCE, "--model", "truth") as server,
        PrefixProxy(server.port, PREFIX) as proxy,
    ):
        yield proxy


@pytest.mark.parametrize("path", ["/?camera_id=street&view=raw", "/dashboard?view=raw"])
def test_video_is_shown(chromium: Browser, proxy: PrefixProxy, path: str) -> None:
    with new_page(chromium) as page:
        page.goto(proxy.url + path, timeout=TIMEOUT_MS)
        picture = '[data-camera-id="street"][data-channel="raw"]'
        page.wait_for_selector(picture, timeout=TIMEOUT_MS)
        page.wait_for_function(
            "(selector) => document.querySelector(selector)?.width > 300",
            arg=picture,
            timeout=TIMEOUT_MS,
        )
    assert proxy.strays == []
