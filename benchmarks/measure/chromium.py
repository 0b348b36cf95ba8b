"""A headless Chromium: the system's, else Playwright's own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

FLAGS = [
    "--headless=new",
    *(["--no-sandbox"] if os.geteuid() == 0 else []),
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]


def chromium_path() -> str:
    """Return where the program is. Raises FileNotFoundError."""
    path = shutil.which("chromium")
    if path is None:
        with sync_playwright() as playwright:
            path = playwright.chromium.executable_path
    if not Path(path).exists():
        raise FileNotFoundError("there is no Chromium: run `playwright install chromium`")
    return path


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a Chromium; Ctrl-C is left to those who use it."""
    path = chromium_path()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS, handle_sigint=False)
        try:
            yield browser
        finally:
            browser.close()
