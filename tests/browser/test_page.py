"""The server's page in a real browser, judged by the pixels it shows."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.browser.page import NO_WEBCODECS, StreetPage, late_frames, new_page, street_page
from tests.wire.street import FPS
from tests.wire.watcher import Watcher

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
LAPTOP = {"width": 1366, "height": 768}
FIRST_NUMBER = "streamlabStrip.readAll()[0]?.number"
HIDDEN_FRAMES = 90
LATE_FRAMES = 8  # that wait at most while others are shown, 250 ms
MODES = pytest.mark.parametrize("script", ["", NO_WEBCODECS], ids=["webcodecs", "mse"])


def switch_and_wait(street: StreetPage, channel: str) -> None:
    street.act("switch")
    street.page.wait_for_selector(f'canvas[data-channel="{channel}"]')
    shown = street.page.evaluate(FIRST_NUMBER)
    street.page.wait_for_function(f"(shown) => {FIRST_NUMBER} >= shown + 4", arg=shown)


@MODES
def test_pictures_side_by_side_are_of_one_frame(
    chromium: Browser, server_url: str, script: str
) -> None:
    with street_page(chromium, server_url, script=script) as street:
        street.wait_for_channels("raw", "annotated")
        street.watch_until(lambda seen: len(seen.frames_in_both()) > 30)


def test_twenty_switches_repeat_and_skip_nothing(chromium: Browser, server_url: str) -> None:
    with street_page(chromium, server_url, "view=raw") as street:
        street.wait_for_channels("raw")
        street.start_watching()
        for _ in range(10):
            switch_and_wait(street, "annotated")
            switch_and_wait(street, "raw")
        seen, stats = street.stop_watching(), street.stats()
        late = late_frames(street, server_url)
    assert stats["mode"] == "webcodecs"
    assert stats["switches"] == 20
    assert seen.missing() <= late
    assert all(len(look["pictures"]) == 1 for look in seen.looks)
    assert {(reading["channel"], reading["white"]) for reading in seen.readings()} == {
        ("raw", False),
        ("annotated", True),
    }


def test_switches_with_media_source_never_go_back(chromium: Browser, server_url: str) -> None:
    with street_page(chromium, server_url, "view=raw", NO_WEBCODECS) as street:
        street.start_watching()
        for _ in range(3):
            switch_and_wait(street, "annotated")
            switch_and_wait(street, "raw")
        seen, stats = street.stop_watching(), street.stats()
        assert "Media Source" in street.text("mode")
    assert stats["mode"] == "mse"
    assert min(seen.steps()) > 0
    assert all(
        reading["white"] == (reading["channel"] == "annotated") for reading in seen.readings()
    )


@MODES
def test_hidden_tab_comes_back_at_the_live_edge(
    chromium: Browser, server_url: str, script: str
) -> None:
    with street_page(chromium, server_url, script=script) as street:
        street.wait_for_channels("raw", "annotated")
        street.set_hidden(True)
        with Watcher(server_url) as watcher:
            watcher.assert_goes_on(HIDDEN_FRAMES)
        waiting = street.stats()
        street.start_watching()
        street.go_on_until(lambda seen: bool(seen.looks))
        street.set_hidden(False)
        street.go_on_until(lambda seen: len(set(seen.numbers())) > 30)
        seen = street.stop_watching()
    assert waiting["queuedFrames"] == 0
    leap, *rest = seen.steps()
    assert leap > HIDDEN_FRAMES / 3, "the frames of the hidden time are not played"
    assert min(rest) > 0
    played_fps = (len(rest) - LATE_FRAMES) / seen.seconds()
    assert played_fps < 1.5 * FPS, "the missed frames are not played faster"


def test_views_follow_the_buttons_and_the_address(chromium: Browser, server_url: str) -> None:
    with street_page(chromium, server_url, "view=annotated") as street:
        street.wait_for_channels("annotated")
        for view, channels in {
            "both": ["raw", "annotated"],
            "overlay": ["overlay"],
            "raw": ["raw"],
            "annotated": ["annotated"],
        }.items():
            street.act(f"view-{view}")
            street.wait_for_channels(*channels)
            button = street.page.locator(f'[data-action="view-{view}"]')
            expect(button).to_have_attribute("aria-pressed", "true")
            expect(street.page).to_have_url(re.compile(f"view={view}"))
        assert street.stats()["reconnects"] == 0


def test_a_view_is_named_by_its_channels(chromium: Browser, server_url: str) -> None:
    with street_page(chromium, server_url, "view=annotated,raw") as street:
        street.wait_for_channels("raw", "annotated")
        button = street.page.locator('[data-action="view-both"]')
        expect(button).to_have_attribute("aria-pressed", "true")
    with new_page(chromium) as page:
        page.goto(f"{server_url}/?camera_id=street&view=raw,no-such-channel")
        expect(page.locator("#state")).to_have_text("Not playing")
        expect(page.locator("#message-text")).to_have_text(
            "Camera 'street' has no such channel. Allowed: raw, annotated; both, or names joined by"
            " commas."
        )


def test_overlay_draws_boxes_over_raw(chromium: Browser, server_url: str) -> None:
    with street_page(chromium, server_url, "view=overlay") as street:
        street.wait_for_channels("overlay")
        street.page.wait_for_function("streamlab.player.stats().boxAgeMs !== null")
        seen = street.watch_frames(10)
    assert not any(reading["white"] for reading in seen.readings())
    assert min(seen.steps()) > 0


def test_keyboard(chromium: Browser, server_url: str) -> None:
    with street_page(chromium, server_url, "view=raw") as street:
        for key, channels in {
            "2": ["annotated"],
            "3": ["raw", "annotated"],
            "1": ["raw"],
            "s": ["annotated"],
            "S": ["raw"],
        }.items():
            street.page.keyboard.press(key)
            street.wait_for_channels(*channels)
        street.page.keyboard.press("Tab")
        focused = "document.activeElement?.matches('button:focus-visible')"
        assert street.page.evaluate(focused)


def test_quality_changes_while_it_plays(chromium: Browser, server_url: str) -> None:
    sizes = "[...document.querySelectorAll('canvas[data-channel]')].map(c => [c.width, c.height])"
    with street_page(chromium, server_url) as street:
        street.wait_for_channels("raw", "annotated")
        assert street.page.evaluate(sizes) == [[640, 360]] * 2
        street.start_watching()
        street.page.locator("#quality").select_option("low")
        street.page.wait_for_function(f"JSON.stringify({sizes}) === '[[320,180],[320,180]]'")
        seen = street.stop_watching()
        assert street.stats()["reconnects"] == 0
    assert min(seen.steps()) > 0
    assert all(len({r["number"] for r in look["pictures"]}) == 1 for look in seen.looks)


def test_figures_are_shown(chromium: Browser, server_url: str) -> None:
    with street_page(chromium, server_url) as street:
        for name in ("latency", "drift", "fps", "bitrate", "fresh"):
            value = street.page.locator(f"[data-figure={name}] dd").first
            expect(value).to_have_text(re.compile(r"\d"))
        expect(street.page.locator("#state")).to_have_text("Live")
        expect(street.page.locator("#scripted")).to_be_visible()
        assert "ground truth" in street.text("scripted")
        assert street.text("detector").startswith("Detector: ")


def test_unknown_camera_is_told_in_words(chromium: Browser, server_url: str) -> None:
    with new_page(chromium) as page:
        page.goto(f"{server_url}/?camera_id=nowhere")
        expect(page.locator("#message-text")).to_contain_text("nowhere")
        expect(page.locator("#message-text")).to_contain_text("street")
        expect(page.locator("#state")).to_have_text("Not playing")
        page.locator("nav button", has_text="street").click()
        expect(page.locator("#state")).to_have_text("Live")
        expect(page.locator("#message")).to_be_hidden()


def test_server_that_cannot_be_reached_is_tried_again(chromium: Browser, server_url: str) -> None:
    def unreachable(route: Route) -> None:
        route.abort("connectionrefused")

    with new_page(chromium) as page:
        page.route("**/streams/**", unreachable)
        page.goto(f"{server_url}/?camera_id=street&view=raw")
        expect(page.locator("#message-text")).to_contain_text("cannot be reached")
        page.unroute("**/streams/**")
        expect(page.locator("#state")).to_have_text("Live")
        expect(page.locator("#message")).to_be_hidden()


def test_no_cameras(chromium: Browser, server_url: str) -> None:
    with new_page(chromium) as page:
        page.route("**/cameras", lambda route: route.fulfill(json={"cameras": []}))
        page.goto(server_url)
        expect(page.locator("#placeholder")).to_contain_text("no cameras yet")
        page.unroute("**/cameras")
        expect(page.locator("#state")).to_have_text("Live")


def test_nothing_comes_from_elsewhere(chromium: Browser, server_url: str) -> None:
    with new_page(chromium) as page:
        hosts: set[str] = set()
        page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
        page.goto(f"{server_url}/?camera_id=street")
        expect(page.locator("#state")).to_have_text("Live")
    assert hosts - {""} == {urlsplit(server_url).netloc}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_fits_a_laptop_and_a_phone(
    chromium: Browser, server_url: str, artifacts: Path, scheme: str
) -> None:
    overflow = """() => {
      const { scrollWidth, scrollHeight } = document.documentElement;
      return [scrollWidth - innerWidth, scrollHeight - innerHeight];
    }"""
    for name, viewport in {"laptop": LAPTOP, "phone": PHONE}.items():
        with street_page(
            chromium, server_url, viewport=viewport, color_scheme=scheme, reduced_motion="reduce"
        ) as street:
            street.wait_for_channels("raw", "annotated")
            street.page.wait_for_function("streamlab.player.stats().fps > 0")
            right_px, below_px = street.page.evaluate(overflow)
            street.page.screenshot(path=artifacts / f"page-{name}-{scheme}.png", full_page=True)
            assert right_px <= 0
            if name == "laptop":
                assert below_px <= 0


def test_destroyed_player_leaves_nothing(chromium: Browser, server_url: str) -> None:
    with street_page(chromium, server_url) as street:
        street.page.evaluate("streamlab.player.destroy()")
        assert street.page.locator("canvas").count() == 0
        assert street.stats()["queuedFrames"] == 0
