"""A running server and a browser, shared by all tests that need one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.find_chromium import find_chromium
from tests.fakes.streamlab_process import StreamlabProcess

STREET = "street=synthetic://traffic?width=640&height=360&fps=30&seed=1"
CHROMIUM_FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]

# An example's time says what else the machine does, not whether the code is right.
hypothesis.settings.register_profile("streamlab", deadline=None)
hypothesis.settings.load_profile("streamlab")


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


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A headless Chromium; tests that need one are skipped where there is none."""
    path = find_chromium()
    if path is None:
        pytest.skip("there is no Chromium")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--headless=new", *sandbox, *CHROMIUM_FLAGS]
        )
        yield browser
        browser.close()
