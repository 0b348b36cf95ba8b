from __future__ import annotations

from collections.abc import Iterator
from multiprocessing import forkserver
from pathlib import Path

import pytest

from tests.plugins.installing import write_metadata

ENTRY_POINT = {"streamlab.detectors": {"faulty": "tests.fakes.detectors:make"}}


@pytest.fixture(scope="module", autouse=True)
def own_fork_server() -> None:
    """Start from a fork server that has imported what detectors need, whatever ran before."""
    stop = getattr(forkserver._forkserver, "_stop", None)
    if stop is not None:
        stop()


@pytest.fixture(scope="module", autouse=True)
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Install ``faulty:`` as a package does, also for child processes; return its folder."""
    folder: Path = tmp_path_factory.mktemp("site")
    write_metadata(folder, "faulty", "0.1", ENTRY_POINT)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield folder
