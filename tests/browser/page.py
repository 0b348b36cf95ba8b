"""A page under test: what its pictures show, read off their pixels in every animation frame."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, TypedDict, cast

from playwright.sync_api import Browser, Page

STRIP_SCRIPT = (Path(__file__).parent / "strip.js").read_text(encoding="utf-8")
NO_WEBCODECS = "delete globalThis.VideoDecoder;"
HAS_PICTURE = "streamlabStrip.readAll().some(({ number }) => number !== null)"
SET_HIDDEN = """(hidden) => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


class Reading(TypedDict):
    """What one picture shows: its frame number and channel cell, and which channel it says."""

    number: int | None
    white: bool
    channel: str


class Look(TypedDict):
    """All pictures of the page in one animation frame; ``at`` is ms since the page began."""

    at: float
    pictures: list[Reading]


@dataclass(frozen=True, slots=True)
class Watched:
    """What was seen on a page over a while."""

    looks: list[Look]

    def numbers(self) -> list[int | None]:
        """The frame numbers of the first picture in the order they were shown, each run once."""
        shown: list[int | None] = []
        for look in self.looks:
            for reading in look["pictures"][:1]:
                if not shown or shown[-1] != reading["number"]:
                    shown.append(reading["number"])
        return shown

    def steps(self) -> list[int]:
        """How far each shown frame was from the one before: 1 when nothing is wrong."""
        numbers = self.numbers()
        assert None not in numbers, "a picture without a readable strip was shown"
        read = cast(list[int], numbers)
        return [after - before for before, after in pairwise(read)]

    def readings(self) -> list[Reading]:
        """All readings of all pictures."""
        return [reading for look in self.looks for reading in look["pictures"]]


class StreetPage:
    """The server's page, showing the camera ``street``."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def watch(self, wait_ms: float = 0) -> Watched:
        """Look at the pictures for a while."""
        self.start_watching()
        self.page.wait_for_timeout(wait_ms)
        return self.stop_watching()

    def start_watching(self) -> None:
        """Begin to look at every animation frame."""
        self.page.evaluate("streamlabStrip.start()")

    def stop_watching(self) -> Watched:
        """Return what was seen since."""
        return Watched(cast(list[Look], self.page.evaluate("streamlabStrip.stop()")))

    def wait_for_channels(self, *channels: str) -> None:
        """Wait until exactly these pictures are shown, in this order."""
        self.page.wait_for_function(
            """(channels) => {
              const shown = streamlabStrip.readAll().filter(({ number }) => number !== null);
              return shown.map(({ channel }) => channel).join() === channels;
            }""",
            arg=",".join(channels),
        )

    def act(self, action: str) -> None:
        """Press a button of the page."""
        self.page.locator(f'[data-action="{action}"]').click()

    def text(self, element_id: str) -> str:
        """Return the words in an element."""
        return (self.page.locator(f"#{element_id}").text_content() or "").strip()

    def stats(self) -> dict[str, Any]:
        """Return what the player measured."""
        return cast(dict[str, Any], self.page.evaluate("streamlab.player.stats()"))

    def set_hidden(self, hidden: bool) -> None:
        """Make the page believe that its tab is hidden; a headless one never is."""
        self.page.evaluate(SET_HIDDEN, hidden)


@contextmanager
def street_page(
    chromium: Browser, server_url: str, query: str = "view=both", script: str = "", **context: Any
) -> Iterator[StreetPage]:
    """Open the page and wait for a picture; errors on its console fail the test."""
    with chromium.new_context(**context) as session:
        page = session.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.add_init_script(STRIP_SCRIPT)
        if script:
            page.add_init_script(script)
        page.goto(f"{server_url}/?camera_id=street&{query}")
        page.wait_for_function(HAS_PICTURE)
        yield StreetPage(page)
        assert not errors
