"""The dashboard in a real browser, beside the server it is part of."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import httpx
import pandas as pd
import pytest
from playwright.sync_api import Browser, Download, Locator, Page, ViewportSize, expect

from tests.browser.page import HAS_PICTURE, TIMEOUT_MS, StreetPage, new_page

pytest.importorskip("bokeh_fastapi")
pytestmark = pytest.mark.browser

LAPTOP: ViewportSize = {"width": 1366, "height": 768}
DRIFT_POINTS = """() => Bokeh.documents[0].roots().flatMap((root) => [...root.references()])
  .filter(({ data }) => data && data.drift_ms)
  .reduce((sum, { data }) => sum + data.drift_ms.length, 0)"""
# The plot shows a span of time: its newest frames change also when their number does not.
DRIFT_SHOWN = """() => JSON.stringify(Bokeh.documents[0].roots()
  .flatMap((root) => [...root.references()])
  .filter(({ data }) => data && data.drift_ms && data.drift_ms.length)
  .map(({ data }) => [Math.max(...data.time_s), data.drift_ms.at(-1), data.drift_ms.length]))"""
OVERFLOW = """() => {
  const { scrollWidth, scrollHeight } = document.documentElement;
  return [scrollWidth - innerWidth, scrollHeight - innerHeight];
}"""


class DashboardPage(StreetPage):
    """The dashboard, with the camera ``street`` selected."""

    def __init__(self, page: Page, server_url: str) -> None:
        super().__init__(page)
        self.server_url = server_url

    def stats(self) -> dict[str, Any]:
        """Return what the first player measured."""
        return cast(dict[str, Any], self.page.evaluate("streamlab.players[0].stats()"))

    def camera(self) -> dict[str, Any]:
        """Return what the server says of the camera."""
        cameras = httpx.get(f"{self.server_url}/cameras", timeout=TIMEOUT_MS / 1000).json()[
            "cameras"
        ]
        return next(each for each in cameras if each["camera_id"] == "street")

    def wait_for_camera(self, name: str, value: object) -> None:
        """Wait until the server says this of the camera."""
        give_up_s = time.monotonic() + TIMEOUT_MS / 1000
        while (now := self.camera()[name]) != value:
            assert time.monotonic() < give_up_s, f"{name} is still {now}"
            self.page.wait_for_timeout(100)

    def change_camera(self, **changes: object) -> None:
        """Change the camera behind the dashboard's back."""
        url = f"{self.server_url}/cameras/street"
        httpx.patch(url, json=changes, timeout=TIMEOUT_MS / 1000).raise_for_status()

    def wait_for_drift_points(self, count: int) -> None:
        """Wait until the plot of the drift shows so many frames."""
        self.wait_until(f"(count) => ({DRIFT_POINTS})() > count", count)

    def wait_until(self, condition: str, arg: object = None) -> None:
        """Wait until JavaScript agrees."""
        self.page.wait_for_function(condition, arg=arg)

    def wait_for_more_drift(self) -> None:
        """Wait until the plot of the drift has gone on."""
        shown = self.page.evaluate(DRIFT_SHOWN)
        self.wait_until(f"(shown) => ![shown, '[]'].includes(({DRIFT_SHOWN})())", shown)

    def button(self, name: str) -> Locator:
        """Return a button by its words."""
        return self.page.get_by_role("button", name=name, exact=True)

    def add(self, source: str) -> None:
        """Ask for another camera."""
        self.page.locator("#source").fill(source)
        self.button("Add camera").click()

    def download(self, *names: str) -> dict[str, bytes]:
        """Press buttons that each save a file; return what is in them, by the kind of file."""
        downloads: list[Download] = []

        def keep(download: Download) -> None:
            downloads.append(download)

        self.page.on("download", keep)
        for name in names:
            self.button(name).click()
        while len(downloads) < len(names):
            self.page.wait_for_event("download")
        self.page.remove_listener("download", keep)
        paths = {Path(each.suggested_filename).suffix: each.path() for each in downloads}
        return {kind: path.read_bytes() for kind, path in paths.items()}


@contextmanager
def dashboard(
    chromium: Browser, server_url: str, query: str = "", **context: Any
) -> Iterator[DashboardPage]:
    """Open the dashboard and wait for pictures and plots; errors on its console fail the test."""
    with new_page(chromium, viewport=LAPTOP, reduced_motion="reduce", **context) as page:
        hosts: set[str] = set()
        page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
        page.goto(f"{server_url}/dashboard/?camera_id=street{query}")
        page.wait_for_function(HAS_PICTURE)
        shown = DashboardPage(page, server_url)
        shown.wait_for_more_drift()
        yield shown
        assert hosts - {""} == {urlsplit(server_url).netloc}, "nothing comes from elsewhere"


@pytest.fixture(scope="module")
def board(chromium: Browser, server_url: str) -> Iterator[DashboardPage]:
    """One dashboard for all tests that leave it as it was."""
    with dashboard(chromium, server_url) as shown:
        yield shown


def test_pictures_move_in_step_while_the_plots_grow(board: DashboardPage, artifacts: Path) -> None:
    board.wait_for_channels("raw", "annotated")
    board.start_watching()
    board.wait_for_more_drift()
    board.go_on_until(lambda seen: len(seen.frames_in_both()) > 15)
    seen, stats = board.stop_watching(), board.stats()
    assert min(seen.steps()) > 0
    assert all(each["white"] == (each["channel"] == "annotated") for each in seen.readings())
    (artifacts / "dashboard.json").write_text(json.dumps(stats, indent=2))


def test_switch_and_views(board: DashboardPage) -> None:
    board.act("view-raw")
    board.wait_for_channels("raw")
    board.start_watching()
    for channel in ("annotated", "raw"):
        board.act("switch")
        board.wait_for_channels(channel)
    board.act("view-overlay")
    board.wait_for_channels("overlay")
    seen = board.stop_watching()
    board.act("view-both")
    board.wait_for_channels("raw", "annotated")
    assert min(seen.steps()) > 0
    assert board.stats()["reconnects"] == 0


def test_wrong_source_is_told_and_all_else_goes_on(board: DashboardPage) -> None:
    notice = board.page.locator("#notice-text")
    board.start_watching()
    board.add("rtsp://127.0.0.1:9/none")
    expect(notice).to_contain_text("127.0.0.1")
    expect(board.page.locator("#notice")).to_have_attribute("data-wrong", "true")
    board.add("gopher://nowhere")
    expect(notice).to_contain_text("gopher")
    board.wait_for_more_drift()
    seen = board.stop_watching()
    board.button("Dismiss").click()
    expect(board.page.locator("#notice")).to_be_hidden()
    assert min(seen.steps()) > 0
    assert board.stats()["state"] == "live"
    assert board.page.locator("nav button").all_text_contents() == ["street"]


def test_controls_act_on_the_camera_and_follow_it(board: DashboardPage) -> None:
    tolerance = board.page.get_by_role("slider", name="").first
    tolerance.focus()
    tolerance.press("ArrowRight")
    board.wait_for_camera("sync_tolerance_ms", 51)
    board.change_camera(sync_tolerance_ms=80, sync_policy="hold")
    shown = board.page.locator(".bk-slider-value").first
    expect(shown).to_have_text("80 ms")
    policy = board.page.locator("select").filter(has_text="hybrid")
    expect(policy).to_have_value("hold: raw waits a fixed time")
    policy.select_option("hybrid: as short as it can be")
    expect(board.page.locator('[data-figure="drift-more"]')).to_contain_text("80 ms")
    board.change_camera(sync_tolerance_ms=50)
    expect(shown).to_have_text("50 ms")
    assert board.camera()["sync_policy"] == "hybrid"


def test_faults_are_injected_and_ended(board: DashboardPage) -> None:
    board.page.locator("select").filter(has_text="lognormal").select_option("lost frames")
    board.button("Inject").click()
    expect(board.page.get_by_text("lost_fraction")).to_be_visible()
    assert board.camera()["faults"]["lost_fraction"] == 0.05
    board.button("End").click()
    expect(board.button("End")).to_be_disabled()
    assert board.camera()["faults"] is None


def test_exports(board: DashboardPage) -> None:
    board.page.locator("select").filter(has_text="5 min").select_option("5 s")
    board.wait_for_drift_points(30)
    saved = board.download("Record trace", "CSV", "PNG")
    trace = pd.read_parquet(io.BytesIO(saved[".parquet"]))
    assert trace["pts"].is_monotonic_increasing
    assert {"captured_ns", "raw_released_ns", "annotated_released_ns"} <= set(trace.columns)
    frames = pd.read_csv(io.BytesIO(saved[".csv"]))
    assert {"time_s", "drift_ms", "box_age_ms", "violation"} <= set(frames.columns)
    assert len(frames) > 30
    assert saved[".png"].startswith(b"\x89PNG")


def test_second_camera_in_the_grid_and_in_the_table(board: DashboardPage, artifacts: Path) -> None:
    board.add("synthetic://traffic?width=320&height=180&fps=15&seed=7")
    camera = board.page.locator('nav button[data-value="traffic"]')
    expect(camera).to_have_attribute("aria-pressed", "true")
    board.button("Grid").click()
    board.wait_until("new Set(streamlabStrip.readAll().map(({ number }) => number)).size > 1")
    board.button("Health of all cameras").click()
    rows = board.page.locator("tr[data-camera]")
    expect(rows).to_have_count(2)
    board.page.screenshot(path=artifacts / "dashboard-grid.png")
    board.button("Remove camera").click()
    board.button("Really remove traffic?").click()
    expect(rows).to_have_count(1)
    expect(camera).to_have_count(0)
    board.button("Measurements").click()
    board.button("Single").click()
    board.wait_for_channels("raw", "annotated")
    board.wait_for_more_drift()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_fits_a_laptop(chromium: Browser, server_url: str, artifacts: Path, scheme: str) -> None:
    with dashboard(chromium, server_url, color_scheme=scheme) as shown:
        shown.wait_for_drift_points(60)
        overflow_px = shown.page.evaluate(OVERFLOW)
        shown.page.screenshot(path=artifacts / f"dashboard-{scheme}.png")
    assert overflow_px == [0, 0]
