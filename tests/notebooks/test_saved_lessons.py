"""The saved lessons can be read without a kernel; ``notebooks/conftest.py`` has them run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import pytest

from tests.notebooks.save import LESSONS, METADATA

MAX_BYTES = 1_000_000
NOT_FOR_READERS = re.compile(
    r"(?<![\w.:/<])/(?:work|tmp|home|root|usr|opt|var)/|Traceback|Warning:|site-packages"
)
PICTURES = ("image/png", "image/jpeg", "image/svg+xml")
# What makes an Output widget. Where nbclient runs the notebook (papermill, nbconvert), answering
# such a widget can lose the reply to the cell, and the run hangs: jupyter/nbclient#312.
OUTPUT_WIDGETS = re.compile(r"\b(?:interact|interactive|interactive_output|Output|track)\(")

each = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


@each
def test_it_can_be_read_without_a_kernel(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert path.stat().st_size <= MAX_BYTES
    assert notebook.metadata["kernelspec"] == METADATA["kernelspec"]
    assert "widgets" not in notebook.metadata
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell.outputs]
    kinds = {kind for output in outputs for kind in output.get("data", {})}
    assert kinds & set(PICTURES), "no picture is saved"
    for output in outputs:
        assert output.output_type != "error"
        assert output.get("name") != "stderr", output.text
        words = output.get("data", output).items()
        found = NOT_FOR_READERS.search(
            json.dumps({kind: text for kind, text in words if kind not in PICTURES})
        )
        assert found is None, found


@each
def test_it_has_no_output_widget(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        assert cell.cell_type != "code" or not OUTPUT_WIDGETS.search(cell.source), cell.source
