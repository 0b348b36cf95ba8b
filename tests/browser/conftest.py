"""A browser, shared by all tests of this folder."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.find_chromium import find_chromium

CHROMIUM_FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """A headless Chromium; tests that need one are skipped where there is none.

    Ended with this folder: as long as it is there, no other event loop can run in this thread.
    """
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
