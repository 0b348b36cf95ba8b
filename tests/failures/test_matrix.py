"""What goes wrong with a camera is said on every surface, and nowhere once it is over."""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page

from streamlab import CameraWarning, Lab
from streamlab.lab.lab_camera import LabCamera
from tests.failures.causes import CAUSES, Broken, Cause
from tests.failures.surfaces import Surface, opened_pages, surfaces, watching
from tests.fakes.udp_camera import UdpCamera

pytestmark = [
    pytest.mark.browser,
    # Those of the dashboard's libraries, which run in this process.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning"),
]
STREET = "synthetic://traffic?width=160&height=90&fps=5"
PATIENCE_S = 240.0
SAID_WITHIN_S, WELL_WITHIN_S = 2.0, 10.0
FULL = Path("/dev/full")
OF_DETAILS = ("GET /cameras", "health and source")  # they carry the reason, not a sentence


class Setup(NamedTuple):
    lab: Lab
    url: str
    pages: Mapping[str, Page]


@pytest.fixture(scope="module")
def setup(chromium: Browser) -> Iterator[Setup]:
    with Lab(name="failures", detector_timeout=1, stall_after=1) as lab:
        lab.add(STREET, "well", detector="truth")
        lab.add(f"{STREET}&seed=2", "too", detector="truth")
        url = lab.serve()
        with opened_pages(chromium, url) as pages:
            yield Setup(lab, url, pages)


def when(is_so: Mapping[str, Callable[[], bool]]) -> dict[str, float]:
    """Wait until all is so; return after how many seconds each was first seen to be."""
    began_s, seen = time.monotonic(), dict[str, float]()
    while len(seen) < len(is_so):
        for name in is_so.keys() - seen.keys():
            if is_so[name]():
                seen[name] = time.monotonic() - began_s
        if time.monotonic() > began_s + PATIENCE_S:
            missing = is_so.keys() - seen.keys()
            pytest.fail(f"not on {', '.join(sorted(missing))}")
    return seen


def says(surface: Surface, pattern: str) -> Callable[[], bool]:
    return lambda: re.search(pattern, surface()) is not None


def says_not(surface: Surface, pattern: str) -> Callable[[], bool]:
    return lambda: re.search(pattern, surface()) is None


def patterns(cause: Cause, camera_id: str, shown: Mapping[str, Surface]) -> dict[str, str]:
    """Return what each surface must say."""
    wanted = dict.fromkeys(shown, cause.says)
    wanted |= dict.fromkeys(OF_DETAILS, cause.detail)
    return wanted | {"/metrics": cause.metric % camera_id}


def go_through(setup: Setup, cause: Cause) -> tuple[dict[str, float], dict[str, float]]:
    """Let it happen and end; return when each surface said so, s after it began and ended."""
    with UdpCamera(rate=10) as source:
        cam = setup.lab.add(f"udp://@127.0.0.1:{source.port}", "cam", detector="none")
        broken = Broken(cam, source)
        cam.detector, cam.renderer = broken.detect, broken.draw
        try:
            with (
                surfaces(cam, setup.url, setup.pages) as shown,
                warnings.catch_warnings(record=True) as caught,
            ):
                warnings.simplefilter("always", CameraWarning)
                wanted = patterns(cause, cam.name, shown)
                when({"well": lambda: cam.health.state == "live" and fresh_frames(cam) > 0})
                well = {name: says_not(shown[name], wanted[name]) for name in shown}
                when(well)
                caught.clear()
                cam._shown.warnings._warned_ns.clear()  # a busy machine may warn, too
                cause.begin(broken)
                told = {name: says(shown[name], wanted[name]) for name in shown}
                warned = {"warning": lambda: any(cause_of(each, cause.says) for each in caught)}
                said = when(told | warned)
                cause.end(broken)
                return said, when(well)
        finally:
            cause.end(broken)
            setup.lab.remove("cam")


def fresh_frames(cam: LabCamera) -> int:
    return cam._shown.camera.status().counts.get("fresh", 0)


def cause_of(warning: warnings.WarningMessage, pattern: str) -> bool:
    return re.search(pattern, str(warning.message)) is not None


@pytest.mark.parametrize("name", CAUSES)
def test_it_is_said_everywhere_until_it_is_over(setup: Setup, name: str) -> None:
    go_through(setup, CAUSES[name])


def test_a_disk_that_is_full_is_said_by_who_records_and_harms_nobody_else(setup: Setup) -> None:
    if not FULL.exists():
        pytest.skip("this system has no /dev/full")
    cam = setup.lab["well"]
    with surfaces(cam, setup.url, setup.pages) as shown:
        with watching(setup.url, "well", "--record-raw", str(FULL)) as recording:
            when({"streamlab watch": says(recording, "The disk is full")})
        when({name: says_not(shown[name], "fail|disk") for name in shown.keys() - {"/metrics"}})
        when({"cam.health": lambda: cam.health.is_well})


@pytest.mark.long
@pytest.mark.parametrize("name", CAUSES)
def test_it_is_said_in_time(setup: Setup, name: str) -> None:
    said, well = go_through(setup, CAUSES[name])
    assert {name: s for name, s in said.items() if s > SAID_WITHIN_S} == {}
    assert {name: s for name, s in well.items() if s > WELL_WITHIN_S} == {}
