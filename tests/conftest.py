"""A running server, shared by all tests that need one; and which tests run side by side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Any

import hypothesis
import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.fakes.streamlab_process import StreamlabProcess

STREET = "street=synthetic://traffic?width=640&height=360&fps=30&seed=1"
LONG_FOLDERS = ("browser", "deployment", "failures", "notebooks", "wire")
OF_STREET = ("test_traces.py", "test_truth.py", "test_cli_record.py")
OWN_BROWSER = ("test_accessibility.py", "test_firefox.py")
OWN_SERVER = (
    "test_churn.py", "test_client.py", "test_memory.py", "test_real_video.py", "test_restart.py",
    "test_rtsp.py", "test_slow_client.py",
)  # fmt: skip

# An example's time says what else the machine does, not whether the code is right.
hypothesis.settings.register_profile("streamlab", deadline=None)
hypothesis.settings.load_profile("streamlab")


def group_of(path: PurePath) -> str:
    """Return with which others the tests of a file share a worker.

    With those of its browser or its server; and one lesson runs at a time, as with a user.
    """
    folder = path.parent.name
    if path.name in OWN_BROWSER:
        return str(path)
    if folder in ("browser", "notebooks", "client"):
        return folder
    if path.name in OF_STREET or (folder == "wire" and path.name not in OWN_SERVER):
        return "street"
    return str(path)


class SideBySide(LoadScopeScheduling):  # type: ignore[misc]
    """Runs groups of files side by side."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(PurePath(nodeid.partition("::")[0]))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> SideBySide:
    return SideBySide(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that at the end no worker is left alone with it."""
    items.sort(key=lambda item: item.path.parent.name not in LONG_FOLDERS)


@pytest.fixture(scope="session")
def artifacts() -> Path:
    """Where screenshots are kept by a test run."""
    folder = Path(__file__).parent / "artifacts"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def video_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The one folder whose files the server may open for its API."""
    return tmp_path_factory.mktemp("videos")


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory, video_folder: Path) -> Iterator[str]:
    """The address of a server with the camera `street`, annotated with its ground truth."""
    log_path = tmp_path_factory.mktemp("server") / "log"
    arguments = ["--camera", STREET, "--model", "truth", "--allow-scheme", "rtsp"]
    arguments += ["--allow-folder", str(video_folder)]
    with StreamlabProcess(log_path, *arguments) as server:
        yield server.url
