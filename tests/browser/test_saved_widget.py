"""A widget that no kernel answers, as in a notebook exported to HTML: it shows its still."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from streamlab.lab.drift_still import DriftPoint, drift_svg
from streamlab.lab.stills import data_url
from streamlab.lab.widget import BUNDLES
from streamlab.viewers.decoded_snapshot import jpeg
from tests.browser.page import new_page

pytestmark = pytest.mark.browser
STATE = {
    "camera_id": "yard",
    "source": "rtsp://yard",
    "width": 320,
    "height": 180,
    "view": "both",
    "quality": "medium",
    "policies": ["hold", "hybrid"],
    "policy": "hybrid",
    "sync_tolerance_ms": 50,
    "seconds": 30,
}
SHOW = """async ([module, css, state]) => {
  const sheet = Object.assign(document.createElement("style"), { textContent: css });
  document.head.append(sheet);
  const url = URL.createObjectURL(new Blob([module], { type: "text/javascript" }));
  const widget = await import(url);
  const none = () => {};
  const silent = { set: none, save_changes: none, send: none, on: none, off: none };
  const model = { get: (name) => state[name], ...silent };
  globalThis.close = widget.default.render({ model, el: document.body });
}"""


def show(page: Page, module: str, **state: Any) -> None:
    """Show a widget in this state, without a kernel."""
    sources = [(BUNDLES / name).read_text(encoding="utf-8") for name in (module, "widget.css")]
    page.set_content("<!doctype html><html lang='en'><title>saved</title><body></body></html>")
    page.evaluate(SHOW, [*sources, {**STATE, **state}])


def test_a_view_shows_its_still(chromium: Browser, artifacts: Path) -> None:
    red = np.zeros((180, 648, 3), np.uint8)
    red[:, :, 0] = 200
    with new_page(chromium) as page:
        show(page, "widget.js", still=data_url("image/jpeg", jpeg(red)))
        stage = page.locator(".tile-stage")
        expect(page.locator(".tile-state")).to_have_text("Connecting")
        assert "data:image/jpeg" in stage.evaluate("(each) => each.style.background")
        expect(page.locator(".tile-words")).to_contain_text("The kernel does not answer")
        expect(page.locator("[data-figure=fps] dd").nth(1)).to_have_text("connection lost")
        expect(page.locator(".streamlab-note").first).to_be_hidden()
        page.screenshot(path=artifacts / "saved-view.png")
        page.evaluate("close()")
        expect(page.locator(".streamlab-view")).to_have_count(0)


def test_a_drift_plot_shows_its_still(chromium: Browser) -> None:
    drawn = drift_svg([DriftPoint(index / 10, 5.0) for index in range(100)], 50, "yard")
    with new_page(chromium) as page:
        show(page, "drift_plot.js", still=data_url("image/svg+xml", drawn))
        picture = page.locator(".streamlab-plot img")
        page.wait_for_function("document.querySelector('.streamlab-plot img').naturalWidth === 760")
        expect(picture).to_have_attribute("alt", "Drift of yard, as it was saved")
        expect(page.locator(".sl-title")).to_contain_text("The kernel does not answer")
        page.evaluate("close()")
