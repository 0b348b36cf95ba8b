"""Presses the buttons of a page, and says what the page showed then."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page

from benchmarks.presented.chromium import NO_WEBCODECS, open_page
from benchmarks.presented.seen import Change, Flow, Seen, Shown, change, flow, total

PLAIN_PLAYER = Path(__file__).parent / "plain_player.html"
MODES = ("webcodecs", "mse")
BLOCK = 20  # presses between two rests
PAUSE_SPREAD_MS = 500
GOLDEN = 0.6180339887  # spreads the presses evenly over the GOP and the frame
WIDE_PX, NARROW_PX = 640, 320

Press = Callable[[Page], None]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of change: two presses that undo each other, and what each of them shows."""

    name: str
    query: str
    presses: tuple[tuple[Press, Shown], tuple[Press, Shown]]


def button(action: str) -> Press:
    """Return what presses this button."""
    return lambda page: page.locator(f'[data-action="{action}"]').click()


def choose_quality(quality: str) -> Press:
    """Return what chooses this quality."""

    def press(page: Page) -> None:
        page.locator("#quality").select_option(quality)

    return press


RAW, ANNOTATED = Shown("raw", WIDE_PX), Shown("annotated", WIDE_PX)
SWITCH = Kind("switch", "view=raw", ((button("switch"), ANNOTATED), (button("switch"), RAW)))
VIEW = Kind(
    "view",
    "view=raw",
    ((button("view-both"), Shown("raw+annotated", WIDE_PX)), (button("view-raw"), RAW)),
)
QUALITY = Kind(
    "quality",
    "view=raw",
    ((choose_quality("low"), Shown("raw", NARROW_PX)), (choose_quality("medium"), RAW)),
)
KINDS = {kind.name: kind for kind in (SWITCH, VIEW, QUALITY)}


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a page is left alone: at first, before each block, and after each press at least."""

    settle_ms: float = 2500  # the first pictures come from the cache
    rest_ms: float = 4000
    pause_ms: float = 700


PACE = Pace()


@dataclass(slots=True)
class Run:
    """What one page did: changes, and rests between them."""

    asked: int = 0
    changes: list[Change] = field(default_factory=list)
    rests: list[Flow] = field(default_factory=list)

    @property
    def ms(self) -> list[float]:
        """From each press to the first frame of what was asked for."""
        return [change.ms for change in self.changes]

    @property
    def near(self) -> Flow:
        """What was shown from each press until shortly after its change."""
        return total(change.near for change in self.changes)

    @property
    def rest(self) -> Flow:
        """What was shown while nothing was pressed."""
        return total(self.rests)

    @property
    def repeated(self) -> int:
        """Changes whose first frame had been shown before, in the picture that it replaced."""
        return sum(change.step <= 0 and not change.exact for change in self.changes)

    @property
    def wrong_frames(self) -> int:
        """Frames near the changes that were skipped, or shown again or out of order."""
        near = self.near
        again = sum(change.step == 0 and not change.stays for change in self.changes)
        return near.skipped + near.back + again


def joined(runs: Iterable[Run]) -> Run:
    """Return the runs as one."""
    every = list(runs)
    return Run(
        sum(run.asked for run in every),
        [change for run in every for change in run.changes],
        [rest for run in every for rest in run.rests],
    )


@contextmanager
def player_page(browser: Browser, url: str, mode: str, kind: Kind = SWITCH) -> Iterator[Page]:
    """Open the server's page, which plays by ``webcodecs`` or ``mse``. Raises RuntimeError."""
    script = NO_WEBCODECS if mode == "mse" else ""
    with open_page(browser, f"{url}/?camera_id=street&{kind.query}", script) as page:
        played = page.evaluate("streamlab.player.stats().mode")
        if played != mode:
            raise RuntimeError(f"the page plays by {played}, not by {mode}")
        yield page


@contextmanager
def plain_page(browser: Browser, url: str, way: str) -> Iterator[Page]:
    """Open a page that switches by ``append`` or ``reconnect``, as part of the same server."""
    with browser.new_context() as context:
        context.route("**/plain_player.html*", lambda route: route.fulfill(path=PLAIN_PLAYER))
        with open_page(context, f"{url}/plain_player.html?camera_id=street&way={way}") as page:
            yield page


def press_in_turn(page: Page, kind: Kind, presses: int, pace: Pace = PACE) -> Run:
    """Press in turn, with a rest before every block. The page has shown its first picture."""
    run = Run()
    page.wait_for_timeout(pace.settle_ms)
    for start in range(0, presses, BLOCK):
        take(page)
        page.wait_for_timeout(pace.rest_ms)
        run.rests.append(flow(take(page).looks))
        targets = []
        for number in range(start, min(start + BLOCK, presses)):
            press, target = kind.presses[number % 2]
            press(page)
            targets.append(target)
            page.wait_for_timeout(pace.pause_ms + PAUSE_SPREAD_MS * (number * GOLDEN % 1))
        run.asked += len(targets)
        run.changes += changes(take(page), targets)
    return run


def changes(seen: Seen, targets: Sequence[Shown]) -> list[Change]:
    """Return what each press did; those that came to nothing are missing."""
    if len(seen.presses_ms) != len(targets):
        raise RuntimeError(f"{len(targets)} presses, of which the page saw {len(seen.presses_ms)}")
    starts_ms = [float("-inf"), *seen.presses_ms]
    ends_ms = [*seen.presses_ms[1:], float("inf")]
    found = []
    for start_ms, pressed_ms, end_ms, target in zip(
        starts_ms, seen.presses_ms, ends_ms, targets, strict=False
    ):
        looks = [look for look in seen.looks if start_ms <= look.at_ms <= end_ms]
        found.append(change(looks, pressed_ms, target))
    return [each for each in found if each is not None]


def take(page: Page) -> Seen:
    """Return what was seen since the last call."""
    return Seen.of(page.evaluate("presented.take()"))
