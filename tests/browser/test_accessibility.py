"""No page breaks a rule of WCAG 2.2 AA that axe-core can check. The widget: ``test_lab.py``."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.accessibility import assert_accessible, needs_axe
from tests.browser.page import HAS_PICTURE, new_page
from tests.fakes.streamlab_process import StreamlabProcess

pytestmark = [pytest.mark.browser, needs_axe]

SOURCE = "synthetic://traffic?width=320&height=180&fps=10&seed="
NOBODY_LISTENS = "rtsp://127.0.0.1:9/none"


@pytest.fixture(scope="module")
def cameras_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with two cameras that play and one that cannot be reached."""
    cameras = [f"--camera=street={SOURCE}1", f"--camera=yard={SOURCE}2"]
    gone = f"--camera=gone={NOBODY_LISTENS}"
    log_path = tmp_path_factory.mktemp("server") / "log"
    with StreamlabProcess(log_path, *cameras, gone, "--model", "truth") as server:
        yield server.url


@pytest.mark.parametrize(
    "query",
    ["camera_id=street&view=both", "camera_id=street&view=overlay&truth=1", "layout=grid"],
    ids=["single", "overlay", "wall"],
)
def test_the_page(chromium: Browser, cameras_url: str, query: str) -> None:
    with new_page(chromium) as page:
        page.goto(f"{cameras_url}/?{query}")
        page.wait_for_function(HAS_PICTURE)
        assert_accessible(page)


def test_the_keys(chromium: Browser, cameras_url: str) -> None:
    with new_page(chromium) as page:
        page.goto(f"{cameras_url}/?camera_id=street&view=raw")
        page.wait_for_function(HAS_PICTURE)
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
        assert_accessible(page)


@pytest.mark.parametrize("camera_id", ["gone", "nowhere"])
def test_a_camera_that_does_not_play(chromium: Browser, cameras_url: str, camera_id: str) -> None:
    with new_page(chromium) as page:
        page.goto(f"{cameras_url}/?camera_id={camera_id}")
        expect(page.locator("body")).to_contain_text(camera_id)
        expect(page.locator("#state")).not_to_have_text("Connecting")
        assert_accessible(page)


def test_no_cameras(chromium: Browser, cameras_url: str) -> None:
    with new_page(chromium) as page:
        page.route("**/cameras", lambda route: route.fulfill(json={"cameras": []}))
        page.goto(cameras_url)
        expect(page.locator("#placeholder")).to_contain_text("no cameras yet")
        assert_accessible(page)


@pytest.mark.skipif(not find_spec("bokeh_fastapi"), reason="there is no bokeh_fastapi")
@pytest.mark.parametrize("camera_id", ["street", "gone"])
def test_the_dashboard(chromium: Browser, cameras_url: str, camera_id: str) -> None:
    with new_page(chromium) as page:
        page.goto(f"{cameras_url}/dashboard/?camera_id={camera_id}")
        if camera_id == "street":
            page.wait_for_function(HAS_PICTURE)
        expect(page.locator("canvas").first).to_be_visible()
        assert_accessible(page)
