"""A notebook that was run by papermill shows its views and plots without a kernel."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import papermill  # type: ignore[import-untyped]
import pytest
from nbconvert import HTMLExporter

pytest.importorskip("anywidget")

CELLS = [
    "from streamlab import Lab\n\nlab = Lab()\n"
    "cam = lab.add('synthetic://traffic?width=320&height=180&fps=10', detector='truth')",
    "cam.view()",
    "cam.drift_plot()",
    "lab.grid()",
    "cam.snapshot()",
    "from streamlab.analysis.plots import drift_plot\n\ndrift_plot(cam.frames())",
    "import holoviews as hv\n\nhv.extension('bokeh')\ndrift_plot(cam.frames())",
    "lab.close()",
]
KINDS = [[], ["jpeg"], ["svg+xml"], ["jpeg"], ["jpeg"], ["png"], ["png"], []]
STATES = "application/vnd.jupyter.widget-state+json"
MAX_BYTES = 400_000


def test_views_and_plots_stay_in_the_notebook(tmp_path: Path) -> None:
    made, run = tmp_path / "made.ipynb", tmp_path / "run.ipynb"
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), made)
    papermill.execute_notebook(made, run, kernel_name="python3", progress_bar=False)
    notebook = nbformat.read(run, as_version=4)
    shown = [
        [
            kind.removeprefix("image/")
            for output in cell.outputs
            for kind in output.get("data", {})
            if kind.startswith("image/")
        ]
        for cell in notebook.cells
    ]
    assert shown == KINDS
    for cell in notebook.cells:
        for output in cell.outputs:
            for kind, data in output.get("data", {}).items():
                assert not kind.startswith("image/") or len(data) < MAX_BYTES

    states = notebook.metadata["widgets"][STATES]["state"].values()
    assert sum("data:image/" in each["state"].get("still", "") for each in states) == 2

    del notebook.metadata["widgets"]  # as JupyterLab and GitHub leave it
    notebook.cells = [cell for cell in notebook.cells if "bokeh" not in cell.source]
    html = HTMLExporter().from_notebook_node(notebook)[0]  # type: ignore[no-untyped-call]
    images = re.findall(r'<img [^>]*src="data:image/(.*?);', html)
    assert images == [kind for kinds in KINDS[:-2] for kind in kinds]
