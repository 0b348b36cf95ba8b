"""Runs the lessons from a clean kernel, without a network, the way a reader does."""

from __future__ import annotations

import os
from pathlib import Path
from typing import cast

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

REPOSITORY = Path(__file__).parents[2]
NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("[0-9]*.ipynb"))
LIMIT_S = 90
OFFLINE = Path(__file__).parent / "offline"
WIDGET = "application/vnd.jupyter.widget-view+json"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def read(path: Path) -> NotebookNode:
    """Return a notebook as it is on disk."""
    return cast(NotebookNode, nbformat.read(path, as_version=4))


def executed(path: Path) -> NotebookNode:
    """Return the notebook with the outputs of a run. Raises CellExecutionError, and a timeout."""
    notebook = read(path)
    client = NotebookClient(
        notebook,
        timeout=LIMIT_S,
        kernel_name="python3",
        resources={"metadata": {"path": path.parent}},
        record_timing=False,
    )
    folders = [str(OFFLINE), os.environ.get("PYTHONPATH", "")]
    client.execute(env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, folders))})
    return notebook


def for_readers(notebook: NotebookNode) -> NotebookNode:
    """Leave what can be seen without a kernel: a widget is only the picture that it left."""
    notebook.metadata = nbformat.from_dict(METADATA)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:02d}"
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if _is_seen(output)]
    return notebook


def _is_seen(output: NotebookNode) -> bool:
    data = output.get("data", {})
    was_widget = data.pop(WIDGET, None) is not None
    return not was_widget or any(kind.startswith("image/") for kind in data)
