"""Pages of a Chromium that are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from playwright.sync_api import Browser, BrowserContext, Page

READ_LOOKS = (Path(__file__).parent / "looks.js").read_text(encoding="utf-8")
NO_WEBCODECS = "delete globalThis.VideoDecoder;"
"""Makes our player play with Media Source."""
HAS_PICTURE = (
    "presented.take().looks.some(([, shown]) => shown.some(([, number]) => number !== null))"
)

Found = TypeVar("Found")


def outside_loop(measure: Callable[[], Found]) -> Found:
    """Return what it measures in a thread: a notebook's has an event loop, and Playwright minds."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(measure).result()


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
