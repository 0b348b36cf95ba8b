"""Runs every lesson and saves its outputs in it: ``python -m tests.notebooks.save [PATH ...]``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import nbformat
import papermill  # type: ignore[import-untyped]
from nbformat import NotebookNode

LESSONS = sorted((Path(__file__).parents[2] / "notebooks").glob("[0-9]*.ipynb"))
CELL_TIMEOUT_S = 90
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
WIDGET = "application/vnd.jupyter.widget-view+json"


def main(paths: list[Path]) -> None:
    for path in paths:
        print(f"   {path.name} ...", end=" ", flush=True)
        began_s = time.monotonic()
        notebook = papermill.execute_notebook(
            path,
            None,
            kernel_name="python3",
            cwd=path.parent,
            progress_bar=False,
            execution_timeout=CELL_TIMEOUT_S,
        )
        nbformat.write(for_readers(notebook), path)
        size_kb = path.stat().st_size / 1000
        print(f"{time.monotonic() - began_s:.0f} s, {size_kb:.0f} kB", flush=True)


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


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:]] or LESSONS)
