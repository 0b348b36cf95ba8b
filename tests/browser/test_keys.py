"""What keys do on the server's page, beside changing the view."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest
from playwright.sync_api import Browser, Download, expect

from tests.browser.page import street_page

pytestmark = pytest.mark.browser
FILES = 3  # two pictures and their boxes


def test_keys_are_listed(chromium: Browser, server_url: str) -> None:
    with street_page(chromium, server_url, "view=raw") as street:
        street.page.keyboard.press("?")
        dialog = street.page.get_by_role("dialog", name="Keys")
        expect(dialog).to_contain_text("Full screen")
        street.page.keyboard.press("2")  # not while the list is open
        street.page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        street.wait_for_channels("raw")


def test_a_frame_is_saved_with_its_boxes(
    chromium: Browser, server_url: str, tmp_path: Path
) -> None:
    with street_page(chromium, server_url, "view=both") as street:
        street.wait_for_channels("raw", "annotated")
        saved: list[Download] = []
        street.page.on("download", lambda each: saved.append(each))  # noqa: PLW0108 - Playwright marks it
        street.page.keyboard.press("d")
        while len(saved) < FILES:
            street.page.wait_for_timeout(50)
        for each in saved:
            each.save_as(tmp_path / each.suggested_filename)
    (pts,) = {path.name.split("-")[1] for path in tmp_path.iterdir()}
    boxes = json.loads((tmp_path / f"street-{pts}-boxes.json").read_text())
    assert (boxes["camera_id"], str(boxes["pts"])) == ("street", pts)
    assert boxes["boxes"]["annotated"]
    for channel in ("raw", "annotated"):
        picture = cv2.imread(str(tmp_path / f"street-{pts}-{channel}.png"))
        assert picture is not None
        assert picture.shape == (360, 640, 3)


def test_a_link_to_the_view_carries_no_token(chromium: Browser, server_url: str) -> None:
    with street_page(chromium, server_url, "view=raw&access_token=secret-token") as street:
        street.wait_for_channels("raw")
        street.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        street.page.keyboard.press("c")
        expect(street.page.locator("#message-text")).to_contain_text("link")
        link = street.page.evaluate("navigator.clipboard.readText()")
    assert "view=raw" in link
    assert "secret-token" not in link


def test_full_screen(chromium: Browser, server_url: str) -> None:
    with street_page(chromium, server_url, "view=raw") as street:
        street.wait_for_channels("raw")
        street.page.keyboard.press("f")
        street.page.wait_for_function("document.fullscreenElement?.id === 'stage'")
        street.page.keyboard.press("f")
        street.page.wait_for_function("document.fullscreenElement === null")
