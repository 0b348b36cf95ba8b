"""The dashboard in a real browser, beside the server it is part of."""

from __future__ import annotations

import io
import json
import signal
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
from tests.fakes.streamlab_process import StreamlabProcess

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
WORDS = """() => [...document.querySelectorAll("[data-figure]")]
  .map(({ textContent }) => textContent).join()"""
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

    def wait_for_other_words(self, times: int) -> None:
        """Wait until the figures have changed so often."""
        for _ in range(times):
            words = self.page.evaluate(WORDS)
            self.wait_until(f"(words) => ({WORDS})() !== words", words)

    def button(self, name: str) -> Locator:
        """Return a button by its words."""
        return self.page.get_by_role("button", name=name, exact=True)

    def add(self, source: str, name: str = "") -> None:
        """Ask for another camera."""
        if not self.form.is_visible():
            self.button("Add camera").click()
        self.form.get_by_label("Source").fill(source)
        self.form.get_by_label("Name").fill(name)
        self.form.get_by_role("button", name="Add camera").click()

    def slide(self, name: str, key: str) -> None:
        """Press a key on a slider."""
        slider = self.page.get_by_role("slider", name=name, exact=True)
        slider.focus()
        slider.press(key)

    @property
    def form(self) -> Locator:
        """The form for a new camera."""
        return self.page.get_by_role("dialog", name="Add a camera")

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
    wrong, source = board.form.get_by_role("alert"), board.form.get_by_label("Source")
    board.start_watching()
    board.add("rtsp://127.0.0.1:9/none")
    expect(wrong).to_contain_text("127.0.0.1")
    board.add("gopher://nowhere")
    expect(wrong).to_contain_text("gopher")
    expect(source).to_have_attribute("aria-invalid", "true")
    expect(source).to_be_focused()
    board.wait_for_more_drift()
    seen = board.stop_watching()
    board.form.get_by_role("button", name="Cancel").click()
    expect(board.form).to_be_hidden()
    assert min(seen.steps()) > 0
    assert board.stats()["state"] == "live"
    assert board.page.locator("nav button").all_text_contents() == ["street"]


@pytest.mark.parametrize(
    ("source", "name", "field", "words"),
    [
        ("", "yard", "Source", "Name a source."),
        ("synthetic://traffic", "a b", "Name", "letters, digits"),
        ("synthetic://traffic", "<img src=x onerror=alert(1)>", "Name", "letters, digits"),
        ("synthetic://traffic", "mux", "Name", "letters, digits"),
        ("synthetic://traffic", "street", "Name", "already exists"),
        ("synthetic://<b>", "", "Source", "no host can be found"),
        ("x" * 9000, "", "Source", "9000 characters"),
    ],
)
def test_what_the_form_refuses(
    board: DashboardPage, source: str, name: str, field: str, words: str
) -> None:
    board.add(source, name)
    expect(board.form.get_by_role("alert")).to_contain_text(words)
    expect(board.form.get_by_label(field, exact=field != "Name")).to_be_focused()
    board.page.keyboard.press("Escape")
    expect(board.form).to_be_hidden()


def test_a_model_may_only_be_an_onnx_file_in_an_allowed_folder(
    board: DashboardPage, video_folder: Path
) -> None:
    board.button("Add camera").click()
    board.form.get_by_label("Source").fill("synthetic://traffic?width=160&height=90")
    board.form.get_by_label("Model", exact=True).select_option("a file on the server …")
    file, wrong = board.form.get_by_label("Model file"), board.form.get_by_role("alert")
    add = board.form.get_by_role("button", name="Add camera")
    expect(board.form.get_by_text(str(video_folder)).last).to_be_visible()
    add.click()
    expect(wrong).to_have_text("Name the model file.")
    for path in ("/etc/passwd", str(video_folder / "code.pt"), "yolo11n.pt"):
        file.fill(path)
        add.click()
        expect(wrong).to_contain_text(f"'{path}' is not one that may be chosen here")
    file.fill(str(video_folder / "lost.onnx"))
    add.click()
    expect(wrong).to_contain_text("lost.onnx")
    expect(file).to_be_focused()
    board.form.get_by_label("Model", exact=True).select_option(index=0)
    board.page.keyboard.press("Escape")


def test_a_camera_is_added_with_the_keyboard_alone(board: DashboardPage) -> None:
    keyboard = board.page.keyboard
    board.button("Add camera").focus()
    keyboard.press("Enter")
    expect(board.form.get_by_label("Source")).to_be_focused()
    keyboard.type("synthetic://traffic?width=160&height=90&fps=15")
    keyboard.press("Tab")
    keyboard.type("by-keyboard")
    keyboard.press("Tab")
    keyboard.type("none")  # the option that begins so
    keyboard.press("Tab")
    keyboard.press("Enter")
    expect(board.form).to_be_hidden()
    camera = board.page.locator('nav button[data-value="by-keyboard"]')
    expect(camera).to_have_attribute("aria-pressed", "true")
    expect(board.button("Add camera")).to_be_focused()
    expect(board.page.get_by_text("Detector none")).to_be_visible()
    board.button("Remove camera").click()
    board.button("Really remove by-keyboard?").click()
    expect(camera).to_have_count(0)


def test_controls_act_on_the_camera_and_follow_it(board: DashboardPage) -> None:
    board.slide("Tolerance", "ArrowRight")
    board.wait_for_camera("sync_tolerance_ms", 51)
    board.change_camera(sync_tolerance_ms=80, sync_policy="hold")
    tolerance = board.page.get_by_role("slider", name="Tolerance", exact=True)
    expect(tolerance).to_have_attribute("aria-valuetext", "80 ms")
    policy = board.page.get_by_role("combobox", name="Policy")
    expect(policy).to_have_value("hold: raw waits a fixed time")
    policy.select_option("hybrid: as short as it can be")
    expect(board.page.locator('[data-figure="drift-more"]')).to_contain_text("80 ms")
    board.change_camera(sync_tolerance_ms=50)
    expect(tolerance).to_have_value("50")
    assert board.camera()["sync_policy"] == "hybrid"


def test_two_sessions_show_the_same_and_do_not_fight(
    board: DashboardPage, chromium: Browser, server_url: str
) -> None:
    with dashboard(chromium, server_url) as other:
        for value in range(51, 56):
            board.slide("Tolerance", "ArrowRight")
            board.wait_for_camera("sync_tolerance_ms", value)
        shown = other.page.get_by_role("slider", name="Tolerance", exact=True)
        expect(shown).to_have_value("55")
        other.slide("Tolerance", "ArrowLeft")
        board.wait_for_camera("sync_tolerance_ms", 54)
        mine = board.page.get_by_role("slider", name="Tolerance", exact=True)
        expect(mine).to_have_value("54")
        board.change_camera(sync_tolerance_ms=50)
        expect(shown).to_have_value("50")


def test_faults_are_explained_injected_and_cleared(board: DashboardPage) -> None:
    board.page.get_by_role("combobox", name="What goes wrong").select_option("lost frames")
    expect(board.page.get_by_text("The camera or the network loses frames")).to_be_visible()
    expect(board.button("Clear all faults")).to_be_disabled()
    board.slide("Lost frames", "ArrowRight")
    assert board.camera()["faults"] is None
    board.button("Inject").click()
    expect(board.page.get_by_text("6 % of the frames are lost, in bursts of 10.")).to_be_visible()
    assert board.camera()["faults"]["lost_fraction"] == 0.06
    board.slide("Lost frames", "ArrowRight")  # while it is injected, it acts at once
    expect(board.page.get_by_text("7 % of the frames are lost")).to_be_visible()
    board.change_camera(faults={"freeze_ms": 1})
    expect(board.page.get_by_text("The camera freezes for 1 ms once.")).to_be_visible()
    board.button("Clear all faults").click()
    expect(board.page.get_by_text("No faults are injected.")).to_be_visible()
    expect(board.button("Clear all faults")).to_be_disabled()
    assert board.camera()["faults"] is None


def test_there_is_no_figure_over_a_dead_picture(board: DashboardPage) -> None:
    drift, why = (board.page.locator(f'[data-figure="{name}"]') for name in ("drift", "drift-more"))
    expect(drift).to_contain_text("ms")
    board.change_camera(faults={"source_stall_ms": 60_000})
    expect(drift).to_have_text("–")  # noqa: RUF001
    expect(why).to_contain_text("no frame for")
    expect(board.page.locator('[data-figure="bitrate"]')).to_have_text("–")  # noqa: RUF001
    board.change_camera(faults=None)
    expect(drift).to_contain_text("ms")


def test_a_figure_explains_itself(board: DashboardPage) -> None:
    expect(board.page.locator('[data-figure="fresh-more"]')).to_contain_text("target 80 %")
    for title in ("Drift", "Latency", "Fresh boxes", "Bitrate"):
        caption = board.page.locator(".figures figcaption").filter(has_text=title).first
        about = caption.locator(".about")
        caption.focus()
        expect(about).to_have_css("opacity", "1")
        board.page.keyboard.press("Escape")
        expect(about).to_have_css("opacity", "0")


def test_the_plots_stand_still_while_they_are_paused(board: DashboardPage) -> None:
    board.button("Pause the plots").click()
    board.wait_for_other_words(2)  # by then the server knows
    shown = board.page.evaluate(DRIFT_SHOWN)
    board.wait_for_other_words(2)
    assert board.page.evaluate(DRIFT_SHOWN) == shown
    board.button("Resume the plots").click()
    board.wait_for_more_drift()


def test_a_server_that_is_gone_is_told(chromium: Browser, tmp_path: Path) -> None:
    arguments = ["--camera", "street=synthetic://traffic?width=160&height=90", "--model", "none"]
    with (
        StreamlabProcess(tmp_path / "log", *arguments) as server,
        new_page(chromium, viewport=LAPTOP) as page,
    ):
        page.goto(f"{server.url}/dashboard/")
        page.get_by_role("button", name="Add camera").click()
        expect(page.get_by_role("dialog").get_by_label("Model", exact=True)).to_have_value("")
        server.process.send_signal(signal.SIGTERM)
        expect(page.locator("#notice-text")).to_contain_text("was lost")
        expect(page.get_by_role("dialog")).to_be_hidden()


def test_exports(board: DashboardPage) -> None:
    board.page.get_by_role("combobox", name="Length of the trace").select_option("5 s")
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


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_fits_a_phone(chromium: Browser, server_url: str, artifacts: Path, scheme: str) -> None:
    with dashboard(chromium, server_url, color_scheme=scheme) as shown:
        shown.page.set_viewport_size({"width": 390, "height": 844})
        assert shown.page.evaluate(OVERFLOW)[0] == 0
        for tab in ("Health of all cameras", "Measurements"):
            shown.button(tab).click()
            assert shown.page.evaluate(OVERFLOW)[0] == 0
        shown.page.screenshot(path=artifacts / f"dashboard-phone-{scheme}.png", full_page=True)
        shown.button("Add camera").click()
        box = shown.form.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
