"""The other lessons run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.notebooks.checks import LIMIT_S, check_run
from tests.notebooks.execution import NOTEBOOKS

FURTHER = [path for path in NOTEBOOKS if path.name >= "05"]


@pytest.mark.timeout(LIMIT_S)
@pytest.mark.parametrize("path", FURTHER, ids=lambda path: path.stem)
def test_it_runs_from_a_clean_kernel_without_a_network(path: Path) -> None:
    check_run(path)
