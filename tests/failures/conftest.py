"""A browser of their own: these tests may run beside those of ``tests/browser``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.launching import launched_chromium


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """A headless Chromium, ended with this folder."""
    with sync_playwright() as playwright, launched_chromium(playwright) as browser:
        yield browser
