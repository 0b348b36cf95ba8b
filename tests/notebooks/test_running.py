"""What the project's pytest makes of a notebook's cells: see ``notebooks/conftest.py``."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[2]
PASSES = "print('said on stdout')"
FAILS = [
    "1 / 0",
    "import warnings; warnings.warn('old')",
    "import socket; socket.create_connection(('192.0.2.1', 80), timeout=1)",
]


def test_cells_fail_that_raise_warn_or_want_a_network(tmp_path: Path) -> None:
    folder = tmp_path / "notebooks"
    folder.mkdir()
    shutil.copy(ROOT / "notebooks" / "conftest.py", folder)
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    cells = [nbformat.v4.new_code_cell(source) for source in (*FAILS, PASSES)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "demo.ipynb")
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "-n", "0", "-rA"]
    run = subprocess.run(
        [*command, "--rootdir", ".", "notebooks"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    verdicts = re.findall(r"^(PASSED|FAILED) \S+::Cell (\d)", run.stdout, re.MULTILINE)
    assert sorted(verdicts, key=lambda verdict: verdict[1]) == [
        ("FAILED", "0"),
        ("FAILED", "1"),
        ("FAILED", "2"),
        ("PASSED", "3"),
    ], run.stdout
    assert "ZeroDivisionError" in run.stdout
    assert "UserWarning: old" in run.stdout
    assert "there is no network" in run.stdout
