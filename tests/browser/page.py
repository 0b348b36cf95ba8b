"""A page under test: what its pictures show, read off their pixels in every animation frame."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, TypedDict, cast

from playwright.sync_api import Browser, Page, expect

from tests.browser.covered import covered
from tests.wire.street import dropped_at_source

STRIP_SCRIPT = (Path(__file__).parent / "strip.js").read_text(encoding="utf-8")
TIMEOUT_MS = 300_000  # ends what hangs
POLL_MS = 100
NO_WEBCODECS = "delete globalThis.VideoDecoder;"
HAS_PICTURE = "streamlabStrip.readAll().some(({ number }) => number !== null)"
SET_HIDDEN = """(hidden) => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""

expect.set_options(timeout=TIMEOUT_MS)


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

    def missing(self) -> int:
        """How many frames were left out; the shown ones must follow each other."""
        steps = self.steps()
        assert min(steps, default=1) > 0, "a frame was shown twice, or after a later one"
        return sum(step - 1 for step in steps)

    def pairs(self) -> list[tuple[Reading, Reading]]:
        """What two pictures side by side showed at the same time.

        On a busy machine the page says that one is far behind, and shows the other alone.
        """
        pictures = [look["pictures"][:2] for look in self.looks]
        both = [each for each in pictures if [p["channel"] for p in each] == ["raw", "annotated"]]
        return [(raw, annotated) for raw, annotated in both]

    def frames_in_both(self) -> set[int]:
        """Check each pair: one frame, in the look of its channel. Return their numbers."""
        for raw, annotated in self.pairs():
            assert raw["number"] is not None
            assert raw["number"] == annotated["number"]
            assert not raw["white"]
            assert annotated["white"]
        return {raw["number"] for raw, _ in self.pairs() if raw["number"] is not None}

    def seconds(self) -> float:
        """How long was looked."""
        return (self.looks[-1]["at"] - self.looks[0]["at"]) / 1000

    def readings(self) -> list[Reading]:
        """All readings of all pictures."""
        return [reading for look in self.looks for reading in look["pictures"]]


class Pictures:
    """The pictures of a page."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def watch_frames(self, count: int) -> Watched:
        """Look at the pictures until the first has shown so many frames."""
        return self.watch_until(lambda seen: len(set(seen.numbers())) >= count)

    def watch_until(self, is_enough: Callable[[Watched], bool]) -> Watched:
        """Look at the pictures until enough was seen."""
        self.start_watching()
        self.go_on_until(is_enough)
        return self.stop_watching()

    def go_on_until(self, is_enough: Callable[[Watched], bool]) -> None:
        """Wait until enough was seen since the watching was started."""
        while not is_enough(Watched(self.page.evaluate("streamlabStrip.seen()"))):
            self.page.wait_for_timeout(POLL_MS)

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


class StreetPage(Pictures):
    """The server's page, showing the camera ``street``."""

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
def new_page(chromium: Browser, **context: Any) -> Iterator[Page]:
    """Open an empty page that can be watched; errors on its console fail the test."""
    with chromium.new_context(**context) as session:
        session.set_default_timeout(TIMEOUT_MS)
        page = session.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(f"{error}\n{error.stack}"))
        page.add_init_script(STRIP_SCRIPT)
        with covered(page):
            yield page
        assert not errors, errors


@contextmanager
def street_page(
    chromium: Browser, server_url: str, query: str = "view=both", script: str = "", **context: Any
) -> Iterator[StreetPage]:
    """Open the page and wait for a picture."""
    with new_page(chromium, **context) as page:
        if script:
            page.add_init_script(script)
        page.goto(f"{server_url}/?camera_id=street&{query}")
        page.wait_for_function(HAS_PICTURE)
        yield StreetPage(page)


def late_frames(street: StreetPage, server_url: str) -> float:
    """Return how many frames came too late to be shown, by what page and server count."""
    stats = street.stats()
    if stats["jumps"]:
        return math.inf  # a second without a picture: what is jumped over is not counted
    return cast(int, stats["skipped"] + stats["overflowed"]) + dropped_at_source(server_url)
