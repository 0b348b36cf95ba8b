"""How the tests run the lessons: each cell is a test of nbval, in a kernel without a network.

The cells of a lesson share a kernel, so they need one worker: ``--dist loadfile``.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest
from nbval.plugin import IPyNbCell  # type: ignore[import-untyped]

OFFLINE = Path(__file__).parents[1] / "tests" / "notebooks" / "offline"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    """Cut off the kernel, which starts before its first cell, from the network."""
    if isinstance(item, IPyNbCell):  # nbval allows 5 s for each output, whatever its option says
        item.output_timeout = item.config.getoption("nbval_cell_timeout")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PYTHONPATH", str(OFFLINE), prepend=os.pathsep)
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Fail a cell that writes to stderr, as a warning does; ``--nbval-lax`` lets it pass."""
    yield
    if isinstance(item, IPyNbCell):
        for output in item.test_outputs:
            assert output.get("name") != "stderr", output.text
