"""Seven cameras on one page: more than a browser has connections to one HTTP/1.1 host."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.page import Pictures, Watched, new_page
from tests.fakes.streamlab_process import StreamlabProcess

pytestmark = pytest.mark.browser

NAMES = [f"street{number}" for number in range(1, 8)]
SOURCE = "synthetic://traffic?width=320&height=180&fps=10&seed="
ALL_SHOWN = """(channel) => {
  const shown = streamlabStrip.readAll().filter(({ number }) => number !== null);
  return shown.length === 7 && shown.every((each) => each.channel === channel);
}"""
LAPTOP = {"width": 1366, "height": 768}


@pytest.fixture(scope="module")
def seven_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    cameras = [f"{name}={SOURCE}{seed}" for seed, name in enumerate(NAMES, 1)]
    arguments = [word for camera in cameras for word in ("--camera", camera)]
    log_path = tmp_path_factory.mktemp("server") / "log"
    with StreamlabProcess(log_path, *arguments, "--model", "truth") as server:
        yield server.url


def numbers_at(seen: Watched, place: int) -> set[int]:
    """Return the frames that one tile has shown."""
    shown = (look["pictures"][place]["number"] for look in seen.looks)
    return {number for number in shown if number is not None}


@pytest.fixture
def grid(chromium: Browser, seven_url: str) -> Iterator[Page]:
    with new_page(chromium, viewport=LAPTOP) as page:
        page.goto(f"{seven_url}/?layout=grid&view=annotated")
        page.wait_for_function(ALL_SHOWN, arg="annotated")
        yield page


def test_all_move_and_switch_on_one_connection(grid: Page, artifacts: Path) -> None:
    pictures = Pictures(grid)
    pictures.watch_until(lambda seen: all(len(numbers_at(seen, tile)) > 3 for tile in range(7)))
    grid.locator('[data-action="switch"]').click()
    grid.wait_for_function(ALL_SHOWN, arg="raw")
    assert not any(reading["white"] for reading in pictures.watch_frames(3).readings())
    streams = grid.evaluate(
        "performance.getEntriesByType('resource').map(({ name }) => name)"
        ".filter((name) => name.includes('/sse/') && !name.includes('/switch'))"
    )
    assert all("/streams/sse/mux" in name for name in streams)
    grid.screenshot(path=artifacts / "page-grid.png")


def test_a_tile_opens_its_camera_and_g_goes_back(grid: Page) -> None:
    grid.locator('[data-camera="street3"] canvas').click()
    expect(grid.locator("article")).to_have_count(1)
    grid.wait_for_function("streamlabStrip.readAll().some(({ number }) => number !== null)")
    assert "camera_id=street3" in grid.url
    assert "layout" not in grid.url
    grid.keyboard.press("g")
    grid.wait_for_function(ALL_SHOWN, arg="annotated")
    expect(grid.locator('nav [aria-current="true"]')).to_have_text("All")
