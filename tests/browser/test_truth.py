"""The ground truth over the pictures of a model's detections, judged by its pixels."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Route, expect

from streamlab.street.scene import Street
from tests.browser.page import NO_WEBCODECS, StreetPage, new_page, street_page
from tests.conftest import STREET
from tests.fakes.streamlab_process import StreamlabProcess

pytestmark = pytest.mark.browser

SIZE = {"width": 1366, "height": 768}
OUTLINES = "canvas.truth"
# Waits for outlines that are not empty, then takes them with the picture's number in one frame.
TAKE = """async () => {
  for (;;) {
    await new Promise(requestAnimationFrame);
    const overlay = document.querySelector("canvas.truth");
    const number = streamlabStrip.readAll()[0]?.number ?? null;
    const pixels = overlay?.width
      && overlay.getContext("2d").getImageData(0, 0, overlay.width, overlay.height).data;
    if (number !== null && pixels && pixels.some((value) => value))
      return { number, png: overlay.toDataURL("image/png").split(",")[1] };
  }
}"""


@pytest.fixture(scope="module")
def model_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that annotates `street` with the shipped model."""
    log_path = tmp_path_factory.mktemp("model") / "log"
    with StreamlabProcess(log_path, "--camera", STREET) as server:
        yield server.url


def taken_outlines(street: StreetPage) -> tuple[int, NDArray[np.uint8]]:
    """Return the number of the frame that is shown, and the alpha of the outlines over it."""
    taken: dict[str, Any] = street.page.evaluate(TAKE)
    encoded = np.frombuffer(base64.b64decode(taken["png"]), np.uint8)
    image = cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED)
    assert image is not None
    return taken["number"], image[:, :, 3].astype(np.uint8)


def expected_outlines(number: int, shape: tuple[int, ...], line_px: int) -> NDArray[np.uint8]:
    """Return a mask of the true boxes' outlines, drawn here."""
    height, width = shape
    mask = np.zeros((height, width), np.uint8)
    scale = np.array([width / 640, height / 360])
    for box in Street(640, 360).truth(number):
        near, far = np.rint([box.x1, box.y1] * scale), np.rint([box.x2, box.y2] * scale)
        corners = [tuple(int(px) for px in corner) for corner in (near, far)]
        cv2.rectangle(mask, corners[0], corners[1], (255,), line_px)
    return mask


@pytest.mark.parametrize("script", ["", NO_WEBCODECS], ids=["webcodecs", "mse"])
def test_outlines_are_those_of_the_frame_that_is_shown(
    chromium: Browser, model_url: str, script: str
) -> None:
    with street_page(chromium, model_url, "view=raw&truth=1", script, viewport=SIZE) as street:
        number, alpha = taken_outlines(street)
    drawn = alpha > 64
    wide, thin = (expected_outlines(number, alpha.shape, px) > 0 for px in (7, 1))
    assert drawn.any()
    assert not (drawn & ~wide).any(), "something is drawn where no true box ends"
    near = cv2.dilate(drawn.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    assert near[thin].mean() > 0.99, "a true box has no outline"


def test_misses_can_be_seen_beside_the_models_boxes(
    chromium: Browser, model_url: str, artifacts: Path
) -> None:
    with street_page(chromium, model_url, "view=both&truth=1", viewport=SIZE) as street:
        street.wait_for_channels("raw", "annotated")
        taken_outlines(street)
        expect(street.page.locator(OUTLINES)).to_have_count(2)
        expect(street.page.locator("#truth-note")).to_be_visible()
        expect(street.page.locator("#scripted")).to_be_hidden()
        assert street.text("detector") == "Detector: street.onnx (ONNX Runtime)"
        street.page.screenshot(path=artifacts / "page-truth.png", full_page=True)


def test_t_and_the_button_toggle_it(chromium: Browser, server_url: str) -> None:
    with street_page(chromium, server_url, "view=raw") as street:
        button = street.page.locator("#truth")
        expect(button).to_have_attribute("aria-pressed", "false")
        expect(street.page.locator(OUTLINES)).to_have_count(0)
        street.page.keyboard.press("t")
        taken_outlines(street)
        expect(button).to_have_attribute("aria-pressed", "true")
        assert "truth=1" in street.page.url
        street.act("view-both")
        expect(street.page.locator(OUTLINES)).to_have_count(2)
        button.click()
        expect(street.page.locator(OUTLINES)).to_have_count(0)
        expect(street.page.locator("#truth-note")).to_be_hidden()
        assert "truth" not in street.page.url


def test_other_cameras_offer_no_truth(chromium: Browser, server_url: str) -> None:
    def as_of_a_file(route: Route) -> None:
        listing = route.fetch().json()
        for camera in listing["cameras"]:
            camera["source"] = "street.mp4"
        route.fulfill(json=listing)

    with new_page(chromium) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.route("**/cameras", as_of_a_file)
        page.goto(f"{server_url}/?camera_id=street&view=raw&truth=1")
        expect(page.locator("#state")).to_have_text("Live")
        expect(page.locator("#truth")).to_be_hidden()
        expect(page.locator(OUTLINES)).to_have_count(0)
    assert not any("/truth?" in url for url in asked)
