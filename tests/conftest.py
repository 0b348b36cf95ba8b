"""A running server, shared by all tests that need one; and which tests run side by side."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.fakes.streamlab_process import StreamlabProcess

STREET = "street=synthetic://traffic?width=640&height=360&fps=30&seed=1"
BESIDE_JUPYTER = ("test_lab", "test_grid")
LONG_FILES = re.compile(r"/(notebooks|browser|wire)/")

# An example's time says what else the machine does, not whether the code is right.
hypothesis.settings.register_profile("streamlab", deadline=None)
hypothesis.settings.load_profile("streamlab")


def group_of(item: pytest.Item) -> str:
    """Return what a test shares a worker with: those of its server, else those of its file."""
    if item.get_closest_marker("browser"):
        return "lab" if item.path.stem in BESIDE_JUPYTER else "page"
    if "server_url" in getattr(item, "fixturenames", ()):
        return "street"
    return "client" if item.path.parent.name == "client" else str(item.path)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Group what shares a server or a browser, and begin with what takes longest."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(group_of(item)))
    items.sort(key=lambda item: not LONG_FILES.search(str(item.path)))


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
