"""Pauses of real cameras, in real time: which are normal, and which end an opening."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.fakes.http_camera import HttpCamera
from tests.fakes.streamlab_process import StreamlabProcess
from tests.field.lifecycle import listed
from tests.wire.client import Stream
from tests.wire.sse import Event

pytestmark = pytest.mark.long
STALL_AFTER_S = 2
SPANS_S = (3, 6, 30)
WATCHED_S = 100.0


@pytest.fixture
def camera() -> Iterator[HttpCamera]:
    with HttpCamera() as made:
        yield made


def tells_of(state: str, event: Event) -> bool:
    return event.name == "source" and event.data["state"] == state


def test_pictures_that_stop_while_the_sound_goes_on(camera: HttpCamera, tmp_path: Path) -> None:
    source = f"--camera=cam={camera.url}/sound?frames=50"
    with (
        StreamlabProcess(tmp_path / "log", source, stall_after=STALL_AFTER_S) as server,
        Stream(server.url, "/streams/sse/cam/dual") as stream,
    ):
        for state in ("stalled", "reconnecting", "live"):
            stream.read_until(partial(tells_of, state))
        stream.read_media(0.5, "raw")
    assert len(camera.paths) >= 2


def test_a_slow_camera_has_not_stalled(camera: HttpCamera, tmp_path: Path) -> None:
    cameras = [f"--camera=every{s}={camera.url}/mjpeg?fps={1 / s:.5f}" for s in SPANS_S]
    with StreamlabProcess(
        tmp_path / "log", *cameras, "--model=none", stall_after=STALL_AFTER_S
    ) as server:
        until_s = time.monotonic() + WATCHED_S
        while time.monotonic() < until_s:
            states = {name: each["state"] for name, each in listed(server).items()}
            assert set(states.values()) == {"live"}, states
            time.sleep(1.0)
        with Stream(server.url, f"/streams/sse/every{SPANS_S[-1]}/dual") as stream:
            stream.read_media(SPANS_S[-1], "raw")
    assert len(camera.paths) == len(SPANS_S)
