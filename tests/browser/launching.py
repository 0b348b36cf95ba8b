"""Starts the browsers that tests look at pages with."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from benchmarks.measure.chromium import FLAGS
from playwright.sync_api import Browser, Playwright

from tests.browser import bidi_relay
from tests.browser.find_chromium import find_chromium

# Sound and autoplay as with the flags of Chromium; nothing is fetched from elsewhere.
PREFERENCES: dict[str, str | float | bool] = {
    "media.autoplay.default": 0,
    "media.gmp-manager.updateEnabled": False,
}


@contextmanager
def launched_chromium(playwright: Playwright) -> Iterator[Browser]:
    """Run a headless Chromium; skip the test where there is none."""
    path = find_chromium(playwright)
    if path is None:
        pytest.skip("there is no Chromium")
    browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
    yield browser
    browser.close()


@contextmanager
def launched_firefox(playwright: Playwright, folder: Path) -> Iterator[Browser]:
    """Run Debian's Firefox by WebDriver BiDi; skip the test where there is none."""
    if shutil.which(bidi_relay.FIREFOX) is None:
        pytest.skip(f"there is no {bidi_relay.FIREFOX}")
    program = folder / "firefox"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{bidi_relay.__file__}" "$@"\n')
    program.chmod(0o755)
    browser = playwright.firefox.launch(
        channel="moz-firefox", executable_path=program, firefox_user_prefs=PREFERENCES
    )
    yield browser
    browser.close()
