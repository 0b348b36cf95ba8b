"""A Chromium without a window, and pages of it that are read."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

READ_LOOKS = (Path(__file__).parent / "looks.js").read_text(encoding="utf-8")
NO_WEBCODECS = "delete globalThis.VideoDecoder;"
"""Makes our player play with Media Source."""
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
HAS_PICTURE = (
    "presented.take().looks.some(([, shown]) => shown.some(([, number]) => number !== null))"
)

Found = TypeVar("Found")


def outside_loop(measure: Callable[[], Found]) -> Found:
    """Return what it measures in a thread: a notebook's has an event loop, and Playwright minds."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(measure).result()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run the system's Chromium, else Playwright's own. Raises RuntimeError without either."""
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or playwright.chromium.executable_path
        if not Path(path).exists():
            raise RuntimeError("there is no Chromium; try `python -m playwright install chromium`")
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS, handle_sigint=False)
        yield browser
        browser.close()


@contextmanager
def open_page(browser: Browser | BrowserContext, url: str, script: str = "") -> Iterator[Page]:
    """Open a page that is read, and wait for a picture. Errors on it are raised at the end."""
    page = browser.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.add_init_script(f"{script}\n{READ_LOOKS}")
    page.goto(url)
    page.wait_for_function(HAS_PICTURE, timeout=60_000)
    yield page
    page.close()
    if errors:
        raise RuntimeError(f"{url}: {errors[0]}")
