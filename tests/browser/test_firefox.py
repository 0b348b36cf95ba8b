"""The server's page in Debian's Firefox: what the tests of the page show of Chromium."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.page import NO_WEBCODECS, StreetPage, new_page, street_page
from tests.fakes.streamlab_process import StreamlabProcess

pytestmark = pytest.mark.browser

SOURCE = "synthetic://traffic?width=320&height=180&fps=10&seed="
NAMES = [f"street{number}" for number in range(1, 5)]
ALL_SHOWN = """(channel) => {
  const shown = streamlabStrip.readAll().filter(({ number }) => number !== null);
  return shown.length === 4 && shown.every((each) => each.channel === channel);
}"""
BOXES_ARE_DRAWN = """() => [...document.querySelectorAll("canvas:not([data-channel])")].some(
  (canvas) => canvas.width && canvas.getContext("2d")
    .getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value))"""
TIMEOUT_S = 120.0
SHOWN = "streamlabStrip.readAll()[0]?.number"


@pytest.fixture(scope="module")
def four_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with four cameras, which says at once that one has stalled."""
    cameras = [f"--camera={name}={SOURCE}{seed}" for seed, name in enumerate(NAMES, 1)]
    log_path = tmp_path_factory.mktemp("server") / "log"
    with StreamlabProcess(log_path, *cameras, "--model", "truth", stall_after=2) as server:
        yield server.url


def switch_and_wait(street: StreetPage, channel: str) -> None:
    street.act("switch")
    street.page.wait_for_selector(f'canvas[data-channel="{channel}"]')
    shown = street.page.evaluate(SHOWN)
    street.page.wait_for_function(f"(shown) => {SHOWN} >= shown + 4", arg=shown)


def test_pictures_side_by_side_are_of_one_frame(firefox: Browser, server_url: str) -> None:
    with street_page(firefox, server_url) as street:
        street.wait_for_channels("raw", "annotated")
        street.watch_until(lambda seen: len(seen.frames_in_both()) > 30)
        assert street.stats()["mode"] == "webcodecs"


@pytest.mark.parametrize(("script", "mode"), [("", "webcodecs"), (NO_WEBCODECS, "mse")])
def test_switches_go_on_without_a_new_connection(
    firefox: Browser, server_url: str, script: str, mode: str
) -> None:
    with street_page(firefox, server_url, "view=raw", script) as street:
        street.start_watching()
        for _ in range(3):
            switch_and_wait(street, "annotated")
            switch_and_wait(street, "raw")
        seen, stats = street.stop_watching(), street.stats()
    assert (stats["mode"], stats["switches"], stats["reconnects"]) == (mode, 6, 0)
    assert min(seen.steps()) > 0
    assert all(each["white"] == (each["channel"] == "annotated") for each in seen.readings())


def test_overlay_draws_boxes_over_raw(firefox: Browser, server_url: str) -> None:
    with street_page(firefox, server_url, "view=overlay") as street:
        street.wait_for_channels("overlay")
        street.page.wait_for_function(BOXES_ARE_DRAWN)
        seen = street.watch_frames(10)
    assert not any(reading["white"] for reading in seen.readings())
    assert min(seen.steps()) > 0


def test_a_camera_is_lost_and_comes_back(firefox: Browser, four_url: str) -> None:
    def inject(faults: dict[str, float] | None) -> None:
        url = f"{four_url}/cameras/street1"
        httpx.patch(url, json={"faults": faults}, timeout=TIMEOUT_S).raise_for_status()

    with new_page(firefox) as page:
        page.goto(f"{four_url}/?camera_id=street1&view=raw")
        expect(page.locator("#state")).to_have_text("Live")
        inject({"source_stall_ms": 60_000})
        expect(page.locator("#state")).not_to_have_text("Live")
        inject(None)
        expect(page.locator("#state")).to_have_text("Live")
        StreetPage(page).watch_frames(5)


def test_a_wall_of_four_switches(firefox: Browser, four_url: str) -> None:
    with new_page(firefox) as page:
        page.goto(f"{four_url}/?layout=grid&view=annotated")
        page.wait_for_function(ALL_SHOWN, arg="annotated")
        page.locator('[data-action="switch"]').first.click()
        page.wait_for_function(ALL_SHOWN, arg="raw")
        StreetPage(page).watch_frames(5)
