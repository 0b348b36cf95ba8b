"""The wall of the server's page: pages, history, pauses, and cameras that cannot be reached."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.page import new_page, street_page
from tests.fakes.rtsp_server import free_port
from tests.fakes.streamlab_process import StreamlabProcess

pytestmark = pytest.mark.browser

LAPTOP = {"width": 1366, "height": 768}
SMALL = "synthetic://traffic?width=320&height=180&fps=5&seed="
MANY = 40
NO_FIGURES = TO = "\N{EN DASH}"
FIRST_NUMBER = "streamlabStrip.readAll()[0]?.number"
NEXT_FRAMES = """async () => {
  for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
}"""
SUBSCRIBED = """() => performance.getEntriesByType("resource").map(({ name }) => new URL(name))
  .filter(({ pathname }) => pathname.endsWith("/streams/sse/mux")).at(-1)
  ?.searchParams.getAll("camera_id") ?? []"""


@pytest.fixture(scope="module")
def few_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with two cameras, and one that cannot be reached."""
    cameras = [f"yard={SMALL}1", f"gate={SMALL}2", f"roof=rtsp://127.0.0.1:{free_port()}/none"]
    arguments = [word for camera in cameras for word in ("--camera", camera)]
    log_path = tmp_path_factory.mktemp("few") / "log"
    with StreamlabProcess(log_path, *arguments, "--model", "truth") as server:
        yield server.url


def many_cameras(route: Route) -> None:
    """List two cameras many times, under other names."""
    listing = route.fetch().json()
    first: dict[str, Any] = listing["cameras"][0]
    route.fulfill(json={"cameras": [first | {"camera_id": f"cam{n}"} for n in range(1, MANY + 1)]})


@pytest.fixture
def wall(chromium: Browser, few_url: str) -> Iterator[Page]:
    with new_page(chromium, viewport=LAPTOP) as page:
        page.goto(f"{few_url}/?layout=grid&view=raw")
        page.wait_for_function("streamlabStrip.readAll().length === 2")
        yield page


def test_the_wall_fills_the_window(wall: Page, artifacts: Path) -> None:
    tiles = wall.locator("article")
    expect(tiles).to_have_count(3)
    boxes = [tile.bounding_box() for tile in tiles.all()]
    assert all(boxes)
    bottom = max(box["y"] + box["height"] for box in boxes if box)
    right = max(box["x"] + box["width"] for box in boxes if box)
    assert bottom <= LAPTOP["height"]
    assert bottom > 0.95 * LAPTOP["height"]
    assert right > 0.97 * LAPTOP["width"]
    wall.screenshot(path=artifacts / "page-wall.png")


def test_a_camera_that_cannot_be_reached_says_why_and_counts_down(wall: Page) -> None:
    roof = wall.locator('article[data-camera="roof"]')
    expect(roof.locator(".tile-words")).to_contain_text("cannot be reached")
    expect(roof.locator(".tile-figures")).to_have_text(NO_FIGURES)
    countdown = roof.locator(".tile-countdown")
    expect(countdown).to_have_text(re.compile(r"^Retrying (in \d+ s|now)\.$"))
    seen = countdown.text_content()
    wall.wait_for_function(
        "([selector, seen]) => document.querySelector(selector).textContent !== seen",
        arg=['article[data-camera="roof"] .tile-countdown', seen],
    )
    expect(wall.locator("#state")).to_have_text("2 of 3 live")


def test_back_and_escape_return_to_the_wall(wall: Page) -> None:
    for leave in (wall.go_back, lambda: wall.keyboard.press("Escape")):
        wall.locator('[data-camera="gate"] canvas').click()
        expect(wall.locator("article")).to_have_count(1)
        expect(wall).to_have_url(re.compile(r"camera_id=gate"))
        leave()
        expect(wall.locator("article")).to_have_count(3)
        expect(wall).to_have_url(re.compile(r"layout=grid"))
    wall.go_forward()
    expect(wall.locator("article")).to_have_count(1)
    wall.reload()
    expect(wall.locator("article")).to_have_count(1)
    expect(wall.locator("#state")).to_have_text("Live")
    wall.go_back()
    expect(wall.locator("article")).to_have_count(3)


def test_one_camera_of_the_wall_is_paused(wall: Page) -> None:
    wall.locator('[data-camera="gate"] [data-action="pause"]').click()
    gate, yard = (wall.locator(f'[data-camera="{name}"] .tile-state') for name in ("gate", "yard"))
    expect(gate).to_have_text("Paused")
    expect(yard).to_have_text("Live")
    expect(wall.locator("article")).to_have_count(3)
    wall.evaluate("document.activeElement.blur()")  # Space presses what has the focus
    wall.keyboard.press("Space")
    expect(yard).to_have_text("Paused")
    wall.keyboard.press("Space")
    expect(gate).to_have_text("Live")


def test_more_than_sixteen_cameras_have_pages(chromium: Browser, few_url: str) -> None:
    with new_page(chromium, viewport=LAPTOP) as page:
        page.route("**/cameras", many_cameras)
        page.goto(f"{few_url}/?layout=grid&view=raw")
        expect(page.locator(".range")).to_have_text(f"Cameras 1{TO}16 of 40")
        page.locator('[data-action="next"]').click()
        expect(page.locator(".range")).to_have_text(f"Cameras 17{TO}32 of 40")
        expect(page).to_have_url(re.compile("page=2"))
        names = [f"cam{number}" for number in range(17, 33)]
        page.wait_for_function(f"(names) => ({SUBSCRIBED})().join() === names", arg=",".join(names))
        page.keyboard.press("ArrowRight")
        expect(page.locator(".range")).to_have_text(f"Cameras 33{TO}40 of 40")
        expect(page.locator("article")).to_have_count(8)
        page.reload()
        expect(page.locator(".range")).to_have_text(f"Cameras 33{TO}40 of 40")


def test_pause_step_and_resume(chromium: Browser, server_url: str) -> None:
    with street_page(chromium, server_url, "view=both") as street:
        street.wait_for_channels("raw", "annotated")
        page = street.page
        page.keyboard.press("Space")
        expect(page.locator("#state")).to_have_text("Paused")
        expect(page.locator(".tile-figures")).to_have_text(NO_FIGURES)
        street.start_watching()
        page.evaluate(NEXT_FRAMES)  # of the frame that stands still
        for _ in range(3):
            before = page.evaluate(FIRST_NUMBER)
            page.keyboard.press(".")
            page.wait_for_function(f"(number) => {FIRST_NUMBER} > number", arg=before)
        page.evaluate(NEXT_FRAMES)  # of the last one
        assert len(street.stop_watching().numbers()) == 1 + 3
        street.act("pause")
        assert min(street.watch_frames(10).steps()) > 0
        expect(page.locator("#state")).to_have_text("Live")
        assert street.stats()["reconnects"] == 0


def test_an_unknown_camera_is_told_with_those_there_are(chromium: Browser, server_url: str) -> None:
    with new_page(chromium) as page:
        page.goto(f"{server_url}/?camera_id=nowhere")
        choices = page.locator(".choices")
        expect(choices).to_contain_text("This server has: street")
        choices.get_by_role("button", name="street").click()
        expect(page.locator("#state")).to_have_text("Live")


def test_a_lost_connection_is_told_without_ids(chromium: Browser, server_url: str) -> None:
    with street_page(chromium, server_url, "view=raw") as street:
        street.page.route(
            "**/switch",
            lambda route: route.fulfill(
                status=404,
                content_type="application/problem+json",
                json={"detail": "camera 'street' has no connection 'UBBF'", "hint": "It closes."},
            ),
        )
        street.act("view-annotated")
        expect(street.page.locator("#message-text")).to_contain_text("interrupted")
        expect(street.page.locator("#message-text")).not_to_contain_text("UBBF")


def test_a_page_that_is_not_there(chromium: Browser, server_url: str, artifacts: Path) -> None:
    with new_page(chromium) as page:
        answer = page.goto(f"{server_url}/no/such/page")
        assert answer is not None
        assert answer.status == 404
        expect(page.locator("main")).to_contain_text("There is nothing at /no/such/page")
        page.screenshot(path=artifacts / "page-not-found.png")
        page.get_by_role("link", name="street").click()
        expect(page.locator("#state")).to_have_text("Live")


def test_without_scripts_the_page_says_what_there_is(chromium: Browser, server_url: str) -> None:
    with chromium.new_context(java_script_enabled=False) as session:
        page = session.new_page()
        page.goto(server_url)
        expect(page.get_by_role("link", name="the list of cameras")).to_be_visible()
        expect(page.get_by_text("Looking for cameras")).to_be_hidden()
