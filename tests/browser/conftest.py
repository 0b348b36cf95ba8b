"""Browsers, shared by all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.browser.launching import launched_chromium, launched_firefox


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """What drives the browsers.

    Ended with this folder: as long as it is there, no other event loop can run in this thread.
    """
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="package")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """A headless Chromium; tests that need one are skipped where there is none."""
    with launched_chromium(playwright) as browser:
        yield browser


@pytest.fixture(scope="module")
def firefox(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Debian's Firefox; tests that need one are skipped where there is none."""
    with launched_firefox(playwright, tmp_path_factory.mktemp("firefox")) as browser:
        yield browser
