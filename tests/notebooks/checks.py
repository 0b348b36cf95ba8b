"""What every lesson keeps to, as it is on disk and when it runs."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.notebooks.execution import LIMIT_S, METADATA, executed, read

MAX_BYTES = 1_000_000
NOT_FOR_READERS = re.compile(
    r"(?<![\w.:/<])/(?:work|tmp|home|root|usr|opt|var)/|Traceback|Warning:|site-packages"
)
PICTURES = ("image/png", "image/jpeg", "image/svg+xml")


def check_run(path: Path) -> None:
    """Run a notebook; a cell that fails, or takes more than ``LIMIT_S``, fails the test."""
    for cell in executed(path).cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error"
            assert output.get("name") != "stderr", output.text


def check_file(path: Path) -> None:
    """Hold the saved notebook against what a reader is owed."""
    notebook = read(path)
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


__all__ = ["LIMIT_S", "check_file", "check_run"]
