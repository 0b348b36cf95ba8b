"""A camera's view in a JupyterLab that a Chromium shows, and what its pictures say."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from benchmarks.measure.chromium import chromium
from benchmarks.measure.jupyter_lab import JupyterLabProcess, NotebookPage

LOOK_SCRIPT = Path(__file__).with_name("widget.js")
FPS = 30
STREET = f"synthetic://traffic?width=640&height=360&fps={FPS}&seed=1"
STATS = "document.querySelector('.streamlab-view').player.stats()"
PICTURES_SHOWN = "document.querySelectorAll('.streamlab-view canvas[data-channel]').length === 2"
LAPTOP = {"width": 1366, "height": 768}


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
    """A view that plays."""

    notebook: NotebookPage
    kernel_pid: int

    def draws(self) -> list[Draw]:
        """Return what was drawn since the last call."""
        return [Draw(*draw) for draw in self.notebook.page.evaluate("widgetLook.take()")]

    def stats(self) -> dict[str, Any]:
        """Return what the player says of itself."""
        return cast(dict[str, Any], self.notebook.page.evaluate(STATS))


@contextmanager
def live_widget(model: str, *more_cells: str) -> Iterator[LiveWidget]:
    """Run a notebook that shows a street; ``more_cells`` are its cells from number 2 on."""
    cells = [
        "import os\n\nprint(f'<{os.getpid()}>')",
        f"from streamlab import Lab\n\nlab = Lab()\n"
        f"cam = lab.add({STREET!r}, detector={model!r})\ncam.view()",
        *more_cells,
    ]
    with (
        tempfile.TemporaryDirectory() as folder,
        JupyterLabProcess(Path(folder)) as jupyter,
        chromium() as browser,
    ):
        page = browser.new_page(viewport=LAPTOP)  # type: ignore[arg-type]
        page.add_init_script(path=LOOK_SCRIPT)
        notebook = NotebookPage(page)
        notebook.open(jupyter.add_notebook("street.ipynb", cells))
        notebook.run(0)
        notebook.expect_output(0, ">")
        pid = int((notebook.output(0).text_content() or "").strip().strip("<>"))
        notebook.run(1)
        page.wait_for_function(PICTURES_SHOWN, timeout=60_000)
        page.evaluate("(fps) => widgetLook.start(fps)", FPS)
        yield LiveWidget(notebook, pid)
