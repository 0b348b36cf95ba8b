"""From the capture of a frame to the moment when a browser presents it, by several ways to play."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from operator import itemgetter

from playwright.sync_api import Browser, Page

from benchmarks.presented.chromium import open_page
from benchmarks.presented.peers import Peers, has_aiortc, has_hls_js
from benchmarks.presented.seen import Flow, Seen, flow
from benchmarks.presented.switching import player_page, take
from streamlab.core.time.timebase import frame_pts

Opens = Callable[[Browser, str, str], AbstractContextManager[Page]]
"""Opens a page, given the browser, our server's address and that of the peers."""


@dataclass(frozen=True, slots=True)
class Presented:
    """What one page showed over a while: the age of each frame when it came up, and the flow."""

    ages_ms: list[float]
    flow: Flow


def ages_ms(seen: Seen, captured_at: Mapping[int, float], fps: Fraction) -> list[float]:
    """Return how old each frame was when it came up; those of unknown capture are left out.

    One that a player goes back to counts again. ``captured_at``: Unix seconds by pts.
    """
    read = ((look.at_ms, look.number) for look in seen.looks if look.number is not None)
    ages = []
    for number, looks in groupby(read, key=itemgetter(1)):
        at_ms, _ = next(looks)
        captured_s = captured_at.get(frame_pts(number, fps))
        if captured_s is not None:
            ages.append(seen.time_origin_ms + at_ms - captured_s * 1000)
    return ages


def watch(
    page: Page, peers: Peers, fps: Fraction, *, settle_ms: float, take_ms: float
) -> Presented:
    """Look at a page that has shown its first picture."""
    page.wait_for_timeout(settle_ms)
    take(page)
    page.wait_for_timeout(take_ms)
    seen = take(page)
    return Presented(ages_ms(seen, dict(peers.captured_at), fps), flow(seen.looks))


@contextmanager
def _webcodecs(browser: Browser, ours: str, _: str) -> Iterator[Page]:
    with player_page(browser, ours, "webcodecs") as page:
        yield page


@contextmanager
def _mse(browser: Browser, ours: str, _: str) -> Iterator[Page]:
    with player_page(browser, ours, "mse") as page:
        yield page


@contextmanager
def _webrtc(browser: Browser, _: str, theirs: str) -> Iterator[Page]:
    with open_page(browser, f"{theirs}/webrtc_player.html") as page:
        yield page


@contextmanager
def _low_latency_hls(browser: Browser, _: str, theirs: str) -> Iterator[Page]:
    with open_page(browser, f"{theirs}/hls_player.html?low") as page:
        yield page


@contextmanager
def _hls(browser: Browser, _: str, theirs: str) -> Iterator[Page]:
    with open_page(browser, f"{theirs}/hls_player.html") as page:
        yield page


def ways() -> dict[str, Opens]:
    """Return the ways to play that can be had here, ours first."""
    found: dict[str, Opens] = {"webcodecs": _webcodecs, "mse": _mse}
    if has_aiortc():
        found["webrtc"] = _webrtc
    if has_hls_js():
        found |= {"ll_hls": _low_latency_hls, "hls": _hls}
    return found
