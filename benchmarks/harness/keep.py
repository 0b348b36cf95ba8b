"""Keeps the outputs of a run in a committed notebook, without what belongs to that run only."""

from __future__ import annotations

from pathlib import Path

import nbformat

from benchmarks.harness.folders import ROOT

OF_THE_RUN = {"injected-parameters", "papermill-error-cell-tag"}


def keep_outputs(executed: Path, notebook: Path) -> None:
    """Write an executed notebook as the one that is committed."""
    node = nbformat.read(executed, as_version=4)
    node.cells = [
        cell for cell in node.cells if not OF_THE_RUN & set(cell.metadata.get("tags", []))
    ]
    for cell in node.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
    node.metadata.pop("papermill", None)
    text: str = nbformat.writes(node)
    notebook.write_text(text.replace(f"{ROOT}/", "") + "\n")
