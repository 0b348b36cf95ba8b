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
    expect(page.locator(".sl-message")).to_have_text("The lab was closed.")


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
