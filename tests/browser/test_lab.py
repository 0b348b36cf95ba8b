"""The widget in a real JupyterLab, judged by the pixels it shows and by what the kernel says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import pytest
from benchmarks.measure.jupyter_lab import JupyterLabProcess, NotebookPage
from playwright.sync_api import Browser, ViewportSize, expect

from tests.browser.accessibility import assert_accessible, needs_axe
from tests.browser.page import Pictures, new_page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not find_spec("jupyterlab"), reason="there is no JupyterLab"),
]
STREET, PRINT, SLEEP, PLOT, VIEWERS, CLOSE = range(6)
CELLS = [
    'from streamlab import Lab\n\nlab = Lab()\ncam = lab.add("synthetic://traffic", '
    'detector="truth")\ncam.view()',
    "print(cam.sync_tolerance_ms, cam.policy)",
    "import os, time\n\nwhile not os.path.exists('alarm'):\n    time.sleep(0.1)\nprint('awake')",
    "cam.drift_plot()",
    "print(lab.stats()['viewers'].tolist())",
    "lab.close()",
]
NO_REFERENCE = (
    "from streamlab import Lab\n\nlab = Lab()\n"
    'display(lab.add("synthetic://traffic", detector="truth").view())'
)
# Not with ``gc.get_objects``: it holds tuples that other threads are building, which then raises
# "bad argument to internal function" there. A widget's class is a subclass of its own.
COUNT_VIEWS = """import gc
from streamlab.lab.widget import CameraView

def kinds(cls):
    return [cls, *(each for sub in cls.__subclasses__() for each in kinds(sub))]

def views():
    found = {id(each): each for kind in kinds(CameraView) for each in gc.get_referrers(kind)}
    return sum(type(each) in kinds(CameraView) for each in found.values())

gc.collect()
print(views())"""
IS_PLAYING = "document.querySelector('.streamlab-view')?.player.stats().fps > 0"
LAPTOP: ViewportSize = {"width": 1366, "height": 900}
NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


class Notebook(NotebookPage, Pictures):
    """A notebook with a view of a camera."""

    def act(self, action: str) -> None:
        """Press a button of the widget."""
        self.page.locator(f'.streamlab-view [data-action="{action}"]').first.click()

    def stats(self) -> dict[str, Any]:
        """Return what the player measured."""
        stats = "document.querySelector('.streamlab-view').player.stats()"
        return cast(dict[str, Any], self.page.evaluate(stats))


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLabProcess]:
    with JupyterLabProcess(tmp_path_factory.mktemp("jupyter")) as server:
        yield server


@contextmanager
def opened(chromium: Browser, url: str) -> Iterator[Notebook]:
    """Open a notebook and wait for its kernel; errors on the page's console fail the test."""
    with new_page(chromium, viewport=LAPTOP, reduced_motion="reduce") as page:
        notebook = Notebook(page)
        notebook.open(url)
        yield notebook


@pytest.fixture
def notebook(chromium: Browser, jupyter: JupyterLabProcess) -> Iterator[Notebook]:
    """A notebook of our own cells."""
    with opened(chromium, jupyter.add_notebook("street.ipynb", CELLS)) as shown:
        yield shown


def test_the_widget(notebook: Notebook, jupyter: JupyterLabProcess, artifacts: Path) -> None:
    page = notebook.page
    notebook.run(STREET)
    page.wait_for_selector("canvas[data-channel]")
    notebook.wait_for_channels("raw", "annotated")
    notebook.watch_until(lambda seen: len(seen.frames_in_both()) > 10)
    assert notebook.stats()["latencyP50Ms"] > 0
    page.screenshot(path=artifacts / "lab-light.png")

    notebook.act("switch")
    notebook.wait_for_channels("annotated")
    assert all(reading["white"] for reading in notebook.watch_frames(5).readings())
    notebook.act("view-overlay")
    notebook.wait_for_channels("overlay")

    page.locator('[data-action="tolerance"]').fill("20")
    page.locator('select[data-action="policy"]').select_option("pair")
    expect(page.locator(".streamlab-view output")).to_have_text("20 ms")
    notebook.run(PRINT)
    notebook.expect_output(PRINT, "20.0 pair")

    notebook.run(SLEEP)
    notebook.watch_frames(15)  # a cell that blocks stops nothing
    assert page.locator(".jp-CodeCell").nth(SLEEP).locator(".jp-OutputArea-output").count() == 0
    notebook.act("view-both")
    notebook.wait_for_channels("raw", "annotated")
    (jupyter.folder / "alarm").touch()
    notebook.expect_output(SLEEP, "awake")

    page.locator(".sl-faults summary").click()
    page.get_by_role("button", name="Detector dead").click()
    expect(page.locator(".sl-faults")).to_have_attribute("data-active", "true")

    notebook.run(PLOT)
    page.wait_for_function("document.querySelector('.streamlab-plot')?.chart.driftsMs.length > 30")
    page.emulate_media(color_scheme="dark")
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", "false")
    page.locator(".streamlab-plot").scroll_into_view_if_needed()
    page.screenshot(path=artifacts / "lab-dark.png")
    # A view that hears nothing for 4 s opens a stream anew, which only a busy machine makes it do.
    assert notebook.stats()["state"] == "live"


def test_keys_pause_and_step_until_they_are_given_back(notebook: Notebook) -> None:
    page = notebook.page
    notebook.run(STREET)
    page.wait_for_function(IS_PLAYING)
    view = page.locator(".streamlab-view")
    view.locator("canvas[data-channel]").first.click()
    page.keyboard.press("4")
    notebook.wait_for_channels("overlay")
    page.keyboard.press(" ")
    expect(view.locator(".tile-state")).to_have_text("Paused")
    expect(view.locator("[data-figure=fps] dd").first).to_have_text("\N{EN DASH}")
    expect(view.locator("[data-figure=fps] dd").nth(1)).to_have_text("paused")
    before = notebook.stats()["shownPts"]
    page.keyboard.press(".")
    page.wait_for_function(
        "(pts) => document.querySelector('.streamlab-view').player.stats().shownPts > pts",
        arg=before,
    )
    page.keyboard.press(" ")
    page.wait_for_function(IS_PLAYING)
    page.keyboard.press("Escape")
    expect(page.locator(".jp-CodeCell").first).to_be_focused()


@needs_axe
def test_the_widget_can_be_used_by_all(notebook: Notebook) -> None:
    notebook.run(STREET)
    notebook.wait_for_channels("raw", "annotated")
    notebook.run(PLOT)
    notebook.page.wait_for_selector(".streamlab-plot")
    assert_accessible(notebook.page, ".streamlab-view")
    assert_accessible(notebook.page, ".streamlab-plot")


def test_no_stream_is_left_behind(notebook: Notebook) -> None:
    page = notebook.page
    notebook.run(STREET)
    page.wait_for_selector("canvas[data-channel]")
    page.wait_for_function("document.querySelector('.streamlab-view').player.stats().fps > 0")
    first = page.evaluate_handle("document.querySelector('.streamlab-view')")
    notebook.run(STREET)
    page.wait_for_function("(first) => !first.isConnected", arg=first)
    page.wait_for_selector("canvas[data-channel]")
    page.wait_for_function("document.querySelector('.streamlab-view').player.stats().fps > 0")
    assert page.locator(".streamlab-view").count() == 1
    notebook.run(VIEWERS)
    notebook.expect_output(VIEWERS, "[1]")

    page.locator(".jp-CodeCell").nth(STREET).locator(".jp-InputPrompt").click()
    notebook.execute("notebook:clear-cell-output")
    expect(page.locator(".streamlab-view")).to_have_count(0)
    notebook.run(VIEWERS)
    notebook.expect_output(VIEWERS, "[0]")

    notebook.run(STREET)
    page.wait_for_selector("canvas[data-channel]")
    notebook.run(CLOSE)
    expect(page.locator(".tile-words")).to_have_text("The lab was closed.")


def test_a_view_without_a_reference_lives_as_long_as_its_output(
    chromium: Browser, jupyter: JupyterLabProcess
) -> None:
    with opened(chromium, jupyter.add_notebook("freed.ipynb", [NO_REFERENCE])) as notebook:
        page = notebook.page
        for _ in range(2):
            notebook.run(0)
            page.wait_for_function(IS_PLAYING)
        while notebook.ask_kernel(COUNT_VIEWS) != "1":
            pass
        assert page.evaluate(IS_PLAYING)
        page.evaluate("() => jupyterapp.commands.execute('docmanager:save')")
        notebook.open(page.url)
        page.wait_for_function(IS_PLAYING)
        assert notebook.ask_kernel(COUNT_VIEWS) == "1"
        page.locator(".jp-CodeCell").locator(".jp-InputPrompt").click()
        notebook.execute("notebook:clear-cell-output")
        while notebook.ask_kernel(COUNT_VIEWS) != "0":
            pass


BROKEN = [
    (
        "def blind(rgb):\n    raise ValueError('cannot see')\n\ncam.detector = blind",
        "Detector blind is failing: ValueError: cannot see",
        "cam.detector = 'truth'",
    ),
    (
        "import threading\n\ngo = threading.Event()\n\ndef stuck(rgb, found):\n"
        "    go.wait()\n    return rgb\n\ncam.renderer = stuck",
        "Renderer stuck is failing: no answer for",
        "cam.renderer = None",
    ),
    (
        "cam.inject(source_stall_ms=60_000)",
        "The source is stalled: no picture for",
        "cam.inject()",
    ),
]


def test_a_view_says_what_is_wrong_until_it_is_over(
    chromium: Browser, jupyter: JupyterLabProcess, artifacts: Path
) -> None:
    cells = [CELLS[STREET], *(code for broken, _, mended in BROKEN for code in (broken, mended))]
    with opened(chromium, jupyter.add_notebook("broken.ipynb", cells)) as notebook:
        page = notebook.page
        notebook.run(STREET)
        page.wait_for_function(IS_PLAYING)
        message = page.locator(".tile-words")
        notebook.act("view-raw")  # what is wrong with annotated is said here as well
        for number, (broken, says, _) in enumerate(BROKEN):
            notebook.run(2 * number + 1)
            expect(message).to_contain_text(says)
            if "inject" not in broken:
                notebook.expect_output(2 * number + 1, f"CameraWarning: camera 'traffic': {says}")
            page.screenshot(path=artifacts / f"lab-broken-{number}.png")
            notebook.run(2 * number + 2)
            expect(message).not_to_contain_text(says)
            page.wait_for_function(IS_PLAYING)


@pytest.mark.parametrize(
    "lesson", ["01_first_stream", pytest.param("02_two_channels_in_sync", marks=pytest.mark.long)]
)
def test_a_lesson(
    chromium: Browser, jupyter: JupyterLabProcess, artifacts: Path, lesson: str
) -> None:
    with opened(chromium, jupyter.copy_notebook(NOTEBOOKS / f"{lesson}.ipynb")) as notebook:
        page = notebook.page
        notebook.run_all("close()")
        view = page.locator(".streamlab-view").first
        view.scroll_into_view_if_needed()
        notebook.act("view-both")
        expect(view.locator("canvas[data-channel]")).to_have_count(2)
        notebook.watch_until(lambda seen: len(seen.frames_in_both()) > 10)
        page.screenshot(path=artifacts / f"lab-{lesson[:2]}.png")

        notebook.act("switch")
        expect(view.locator("canvas[data-channel=annotated]")).to_have_count(1)
        expect(view.locator("canvas[data-channel=raw]")).to_have_count(0)
        tolerance = "print(next(iter(lab)).sync_tolerance_ms)"
        assert notebook.ask_kernel(tolerance) != "21.0"
        view.locator('[data-action="tolerance"]').fill("21")
        expect(view.locator("output")).to_have_text("21 ms")
        while notebook.ask_kernel(tolerance) != "21.0":
            pass
