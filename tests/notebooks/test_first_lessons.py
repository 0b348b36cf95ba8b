"""The first four lessons run. They are a file of their own, so that two workers share the work."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.notebooks.checks import LIMIT_S, check_file, check_run
from tests.notebooks.execution import NOTEBOOKS

FIRST = [path for path in NOTEBOOKS if path.name < "05"]
each_first = pytest.mark.parametrize("path", FIRST, ids=lambda path: path.stem)
each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@pytest.mark.timeout(LIMIT_S)
@each_first
def test_it_runs_from_a_clean_kernel_without_a_network(path: Path) -> None:
    check_run(path)


@each
def test_it_can_be_read_without_a_kernel(path: Path) -> None:
    check_file(path)
