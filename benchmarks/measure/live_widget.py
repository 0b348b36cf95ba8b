"""A camera's view in a JupyterLab that a Chromium shows, and what its pictures say."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from playwright.sync_api import sync_playwright

from benchmarks.measure.chromium import chromium
from benchmarks.measure.devtools import Devtools, bare_chromium
from benchmarks.measure.jupyter_lab import JupyterLabProcess, NotebookPage

LOOK_SCRIPT = Path(__file__).with_name("widget.js")
FPS = 30
STREET = f"synthetic://traffic?width=640&height=360&fps={FPS}&seed=1"
STATS = "document.querySelector('.streamlab-view').player.stats()"
PICTURES_SHOWN = "document.querySelectorAll('.streamlab-view canvas[data-channel]').length === 2"
WIDTH_PX, HEIGHT_PX = 1366, 768


@dataclass(frozen=True, slots=True)
class Draw:
    """A frame that the view has drawn, as read off its pictures."""

    at_ms: float
    """Unix time."""
    numbers: list[int | None]
    """The frame's number in each picture, raw first; None: its strip cannot be read."""
    since_capture_ms: tuple[float, float, float] | None
    """Until it had left the camera in both channels, had come to the page, and was drawn.

    None: it is not known when it was captured.
    """

    @property
    def latency_ms(self) -> float | None:
        """From its capture until it was drawn."""
        return None if self.since_capture_ms is None else self.since_capture_ms[-1]


@dataclass(frozen=True, slots=True)
class LiveWidget:
    """A view that plays. ``evaluate`` asks its page for the value of JavaScript."""

    evaluate: Callable[[str], Any]
    kernel_pid: int

    def draws(self) -> list[Draw]:
        """Return what was drawn since the last call."""
        return [Draw(*draw) for draw in self.evaluate("widgetLook.take()")]

    def stats(self) -> dict[str, Any]:
        """Return what the player says of itself."""
        return cast(dict[str, Any], self.evaluate(STATS))


@contextmanager
def watched_widget(model: str, *more_cells: str) -> Iterator[tuple[LiveWidget, NotebookPage]]:
    """Run a notebook that shows a street; ``more_cells`` are its cells from number 2 on."""
    with (
        tempfile.TemporaryDirectory() as folder,
        JupyterLabProcess(Path(folder)) as jupyter,
        chromium() as browser,
    ):
        page = browser.new_page(viewport={"width": WIDTH_PX, "height": HEIGHT_PX})
        notebook = NotebookPage(page)
        pid = _show(notebook, _add_notebook(jupyter, model, more_cells))
        yield LiveWidget(page.evaluate, pid), notebook


@contextmanager
def lone_widget(model: str) -> Iterator[tuple[LiveWidget, Devtools]]:
    """Run such a notebook in a browser that nobody drives any more once the view plays."""
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryDirectory() as profile,
        JupyterLabProcess(Path(folder)) as jupyter,
        bare_chromium(profile, WIDTH_PX, HEIGHT_PX) as url,
    ):
        with sync_playwright() as playwright:
            browser = playwright.chromium.connect_over_cdp(url)
            notebook = NotebookPage(browser.contexts[0].pages[0])
            pid = _show(notebook, _add_notebook(jupyter, model, ()))
        with Devtools(url) as devtools:
            yield LiveWidget(devtools.evaluate, pid), devtools


def _add_notebook(jupyter: JupyterLabProcess, model: str, more_cells: Sequence[str]) -> str:
    cells = [
        "import os\n\nprint(f'<{os.getpid()}>')",
        f"from streamlab import Lab\n\nlab = Lab()\n"
        f"cam = lab.add({STREET!r}, detector={model!r})\ncam.view()",
        *more_cells,
    ]
    return jupyter.add_notebook("street.ipynb", cells)


def _show(notebook: NotebookPage, url: str) -> int:
    """Run the notebook until its view plays, and return the kernel's process."""
    notebook.open(url)
    notebook.run(0)
    notebook.expect_output(0, ">")
    pid = int((notebook.output(0).text_content() or "").strip().strip("<>"))
    notebook.run(1)
    notebook.page.wait_for_function(PICTURES_SHOWN, timeout=60_000)
    notebook.page.evaluate(f"{LOOK_SCRIPT.read_text()};widgetLook.start({FPS})")
    return pid
