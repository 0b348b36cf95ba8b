"""Pictures of what people see, at three sizes, in light and dark; `make pictures` keeps them.

They are looked at by people. What the pages do is tested elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from benchmarks.measure.jupyter_lab import JupyterLabProcess
from playwright.sync_api import Browser, Page, ViewportSize

from tests.browser.page import HAS_PICTURE, new_page
from tests.browser.test_lab import CELLS, IS_PLAYING, PLOT, STREET, Notebook
from tests.fakes.streamlab_process import StreamlabProcess

pytestmark = [pytest.mark.browser, pytest.mark.long]

DESK: ViewportSize = {"width": 1440, "height": 900}
LARGE: ViewportSize = {"width": 2560, "height": 1300}
TABLET: ViewportSize = {"width": 820, "height": 1180}
PHONE: ViewportSize = {"width": 390, "height": 844}
# The camera of `streamlab demo`, which runs the same server with the same model.
DEMO = "street=synthetic://traffic?width=1280&height=720"
SOURCE = "synthetic://traffic?width=640&height=360&fps=10&seed="
WALL = [f"crossing-{seed}={SOURCE}{seed}" for seed in range(1, 6)]
GONE = "car-park=rtsp://127.0.0.1:9/none"
SETTLED_FRAME = 900
"""Half a minute of the street: by then the figures have settled."""
IS_SETTLED = f"streamlabStrip.readAll().some(({{ number }}) => number >= {SETTLED_FRAME})"
IS_WALL_SHOWN = "streamlabStrip.readAll().filter(({ number }) => number !== null).length >= 5"
LOOK_MS = 1000
"""For figures, plots and labels to follow a change of size or colours."""

Photograph = Callable[[Page, str], None]


def sizes(large: ViewportSize) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "size", [DESK, large, PHONE], ids=lambda each: f"{each['width']}x{each['height']}"
    )


@pytest.fixture(scope="module")
def demo_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    log_path = tmp_path_factory.mktemp("demo") / "log"
    with StreamlabProcess(log_path, "--camera", DEMO, "--model", "street") as server:
        yield server.url


@pytest.fixture(scope="module")
def wall_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    log_path = tmp_path_factory.mktemp("wall") / "log"
    cameras = [f"--camera={each}" for each in [*WALL, GONE]]
    with StreamlabProcess(log_path, *cameras, "--model", "street") as server:
        yield server.url


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLabProcess]:
    with JupyterLabProcess(tmp_path_factory.mktemp("jupyter")) as server:
        yield server


@pytest.fixture
def photograph(artifacts: Path) -> Photograph:
    """Take a picture of a page in light and in dark."""

    def take(page: Page, name: str) -> None:
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.wait_for_timeout(LOOK_MS)
            page.screenshot(path=artifacts / f"{name}-{scheme}.png")

    return take


def named(point: str, size: ViewportSize) -> str:
    return f"{point}-{size['width']}x{size['height']}"


@sizes(LARGE)
def test_first_sight(
    chromium: Browser, demo_url: str, photograph: Photograph, size: ViewportSize
) -> None:
    with new_page(chromium, viewport=size) as page:
        page.goto(demo_url)
        page.wait_for_function(IS_SETTLED)
        photograph(page, named("sight", size))


@sizes(LARGE)
def test_a_wall(
    chromium: Browser, wall_url: str, photograph: Photograph, size: ViewportSize
) -> None:
    with new_page(chromium, viewport=size) as page:
        page.goto(f"{wall_url}/?layout=grid")
        page.wait_for_function(IS_WALL_SHOWN)
        photograph(page, named("wall", size))


@sizes(TABLET)
def test_figures_explain_themselves(
    chromium: Browser, demo_url: str, photograph: Photograph, size: ViewportSize
) -> None:
    with new_page(chromium, viewport=size) as page:
        page.goto(f"{demo_url}/?camera_id=street&view=both")
        page.wait_for_function(IS_SETTLED)
        page.keyboard.press("Tab")  # so that the focus is shown as with a keyboard
        page.evaluate("document.querySelector('#figures [tabindex]')?.focus()")
        photograph(page, named("figures", size))


@pytest.mark.skipif(not find_spec("bokeh_fastapi"), reason="there is no bokeh_fastapi")
@sizes(TABLET)
def test_the_dashboard(
    chromium: Browser, demo_url: str, photograph: Photograph, size: ViewportSize
) -> None:
    with new_page(chromium, viewport=size) as page:
        page.goto(f"{demo_url}/dashboard/?camera_id=street")
        page.wait_for_function(IS_SETTLED)
        page.wait_for_timeout(10 * LOOK_MS)  # for the plots to fill
        photograph(page, named("dashboard", size))


@sizes(TABLET)
def test_keys_and_a_pause(
    chromium: Browser, demo_url: str, photograph: Photograph, size: ViewportSize
) -> None:
    with new_page(chromium, viewport=size) as page:
        page.goto(f"{demo_url}/?camera_id=street&view=both")
        page.wait_for_function(IS_SETTLED)
        page.keyboard.press("Space")
        photograph(page, named("paused", size))
        page.keyboard.press("?")
        photograph(page, named("keys", size))


@pytest.mark.skipif(not find_spec("jupyterlab"), reason="there is no JupyterLab")
@sizes(TABLET)
def test_the_widget(
    chromium: Browser, jupyter: JupyterLabProcess, photograph: Photograph, size: ViewportSize
) -> None:
    with new_page(chromium, viewport=size) as page:
        notebook = Notebook(page)
        notebook.open(jupyter.add_notebook("street.ipynb", CELLS))
        notebook.run(STREET)
        page.wait_for_function(IS_PLAYING)
        notebook.run(PLOT)
        page.wait_for_selector(".streamlab-plot")
        page.wait_for_timeout(10 * LOOK_MS)  # for the plot to fill
        page.locator("section.streamlab-view").scroll_into_view_if_needed()
        photograph(page, named("widget", size))


def test_the_page_stands_in_the_readme(chromium: Browser, demo_url: str, artifacts: Path) -> None:
    with new_page(chromium, viewport={"width": 1366, "height": 640}) as page:
        page.goto(f"{demo_url}/?camera_id=street&view=both")
        page.wait_for_function(HAS_PICTURE)
        page.wait_for_function(IS_SETTLED)
        page.screenshot(path=artifacts / "page-street.png", full_page=True)
