"""What a page shows of redacted cameras to somebody who may not see them unredacted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.page import new_page
from tests.fakes.streamlab_process import StreamlabProcess

pytestmark = pytest.mark.browser
SOURCE = "synthetic://traffic?width=320&height=180&fps=10&seed="
TOKEN, RIGHT = "watching1", "watching-all"


@pytest.fixture(scope="module")
def redacted_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    log_path = tmp_path_factory.mktemp("server") / "log"
    cameras = [f"--camera=yard={SOURCE}1", f"--camera=gate={SOURCE}2"]
    redacting = ("--redact", "pixelate", "--model", "truth")
    with StreamlabProcess(
        log_path, *cameras, *redacting, ready_path="/healthz", tokens=TOKEN, unredacted_tokens=RIGHT
    ) as it:
        yield it.url


@pytest.mark.parametrize(("query", "count"), [("camera_id=yard", 1), ("layout=grid", 2)])
@pytest.mark.parametrize("view", ["raw", "both", "overlay"])
def test_the_redacted_channel_and_the_reason(
    chromium: Browser, redacted_url: str, query: str, count: int, view: str
) -> None:
    with new_page(chromium) as page:
        page.goto(f"{redacted_url}/?{query}&view={view}&access_token={TOKEN}")
        expect(page.locator('canvas[data-channel="annotated"]')).to_have_count(count)
        expect(page.locator("canvas[data-channel]")).to_have_count(count)
        expect(page.locator("#message-text")).to_contain_text("is redacted: raw needs a token")
        assert "view=annotated" in page.url


def test_who_has_the_right_sees_both(chromium: Browser, redacted_url: str) -> None:
    with new_page(chromium) as page:
        page.goto(f"{redacted_url}/?camera_id=yard&view=both&access_token={RIGHT}")
        expect(page.locator("canvas[data-channel]")).to_have_count(2)
        expect(page.locator("#message")).to_be_hidden()
