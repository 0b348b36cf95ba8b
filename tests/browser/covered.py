"""Which lines of the front end a page ran, for `tests/js/coverage.js` to add up.

Only where ``STREAMLAB_WEB_COVERAGE`` names a folder, which `make test` does: there every page
leaves a file with what V8 counted in our bundles.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import CDPSession, Error, Page

BUNDLES = Path(__file__).parents[2] / "src" / "streamlab" / "web" / "bundles"
FOLDER = os.environ.get("STREAMLAB_WEB_COVERAGE")


@contextmanager
def covered(page: Page) -> Iterator[None]:
    """Count what the page runs; only Chromium can."""
    browser = page.context.browser
    if not FOLDER or browser is None or browser.browser_type.name != "chromium":
        yield
        return
    devtools = page.context.new_cdp_session(page)
    devtools.send("Profiler.enable")
    devtools.send("Profiler.startPreciseCoverage", {"callCount": False, "detailed": True})
    yield
    scripts = counted_bundles(devtools)
    folder = Path(FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{uuid.uuid4()}.json").write_text(json.dumps(scripts), encoding="utf-8")


def counted_bundles(devtools: CDPSession) -> list[dict[str, Any]]:
    """Return what V8 counted in each script that is one of our bundles.

    Loaders pass modules on as blobs, without the white space at their end or with a line after it.
    """
    counted = devtools.send("Profiler.takePreciseCoverage")["result"]
    texts = {path.name: path.read_text(encoding="utf-8").strip() for path in BUNDLES.glob("*.js")}
    devtools.send("Debugger.enable")  # it knows the sources
    bundles = []
    for script in counted:
        path = PurePosixPath(urlsplit(script["url"]).path)
        if not script["url"].startswith("blob:") and path.name not in texts:
            continue
        source = source_of(devtools, script["scriptId"])
        for name, text in texts.items():
            if source.startswith(text):
                bundles.append({"bundle": name, "functions": script["functions"]})
    return bundles


def source_of(devtools: CDPSession, script_id: str) -> str:
    """Return the source of a script; empty if the page that it was of has been left since."""
    try:
        found: str = devtools.send("Debugger.getScriptSource", {"scriptId": script_id})[
            "scriptSource"
        ]
    except Error as error:
        if "No script for id" not in error.message:
            raise
        return ""
    return found
