"""Finds a Chromium: the system's, else Playwright's own. Run as a script it prints the path."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Playwright, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_chromium(playwright: Playwright) -> str | None:
    """Return the path of an executable, or None."""
    for name in NAMES:
        path = shutil.which(name)
        if path:
            return path
    path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


if __name__ == "__main__":
    with sync_playwright() as running:
        found = find_chromium(running)
    print(found or "no Chromium")
    sys.exit(found is None)
