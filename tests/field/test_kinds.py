"""Cameras of each kind, served all at once: what is delivered is what they show."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import TypeAlias
from urllib.parse import quote

import httpx
import pytest

from tests.fakes import videos
from tests.fakes.http_camera import HttpCamera
from tests.fakes.streamlab_process import StreamlabProcess
from tests.fakes.udp_camera import UdpCamera
from tests.fakes.videos import Recipe
from tests.wire.client import Fragment, Stream
from tests.wire.picture import Picture, decode, read_strip
from tests.wire.schema import problems

Watched: TypeAlias = tuple[list[Fragment], list[Picture]]

TICKS_PER_S = 90_000
RATE = 10
RECORDED = Recipe(rate=Fraction(RATE), frames=60, gop=RATE)
MEDIA_S = 1.2
MAX_HEIGHT_PX = 120

CAMERAS = """
[[cameras]]
name = "snapshot"
source = "{locked}/snapshot.jpg?fps={rate}"

[[cameras]]
name = "mjpeg"
source = "{locked}/mjpeg?fps={rate}&name=looks-like.jpg"

[[cameras]]
name = "webm"
source = "{open}/file/a.webm"

[[cameras]]
name = "ts"
source = "{open}/file/a.ts"

[[cameras]]
name = "hevc"
source = "{folder}/a.mp4"
max_height = {max_height}

[[cameras]]
name = "udp"
source = "udp://@:{port}"
"""
NAMES = ["snapshot", "mjpeg", "webm", "ts", "hevc", "udp"]
HEVC_SOURCE = "hevc/source"
STAMPED = ["webm", "ts", "hevc", "udp"]
"""Those whose stamps say when a picture was taken."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StreamlabProcess]:
    folder = tmp_path_factory.mktemp("kinds")
    videos.write(folder / "a.mp4", replace(RECORDED, codec="libx265", frames=30))
    files = {
        "a.webm": videos.without_duration(folder / "a.webm", replace(RECORDED, codec="libvpx")),
        "a.ts": videos.write(folder / "a.ts", RECORDED),
    }
    with ExitStack() as stack:
        locked = stack.enter_context(HttpCamera(auth="digest"))
        free = stack.enter_context(HttpCamera(files=files))
        sender = stack.enter_context(UdpCamera(rate=RATE))
        user_info = f"{locked.user}:{quote(locked.password, safe='')}"
        text = CAMERAS.format(
            locked=f"http://{user_info}@{locked.host}",
            open=free.url,
            folder=folder,
            rate=RATE,
            max_height=MAX_HEIGHT_PX,
            port=sender.port,
        )
        (folder / "streamlab.toml").write_text(text, encoding="utf-8")
        arguments = ("--config", str(folder / "streamlab.toml"), "--model", "none")
        yield stack.enter_context(StreamlabProcess(folder / "log", *arguments))


@pytest.fixture(scope="module")
def watched(server: StreamlabProcess) -> dict[str, Watched]:
    """All cameras, watched at the same time."""
    names = [*NAMES, HEVC_SOURCE]
    with ThreadPoolExecutor(len(names)) as pool:
        return dict(zip(names, pool.map(lambda name: watch(server.url, name), names), strict=True))


def watch(url: str, name: str) -> Watched:
    """Return raw fragments and the pictures in them."""
    camera_id, _, quality = name.partition("/")
    path = f"/streams/sse/{camera_id}/dual"
    with Stream(url, path, raw_quality=quality or "medium") as stream:
        stream.read_media(MEDIA_S, "raw")
    assert {problem for event in stream.log for problem in problems(event)} == set()
    fragments = stream.fragments("raw")
    (init,) = stream.inits("raw")
    return fragments, decode(init.data, [fragment.data for fragment in fragments])


@pytest.mark.parametrize("name", NAMES)
def test_what_is_delivered_is_what_the_camera_shows(watched: dict[str, Watched], name: str) -> None:
    fragments, pictures = watched[name]
    assert len(pictures) == sum(len(fragment.frames) for fragment in fragments) > RATE / 2
    numbers = [number for each in pictures if (number := read_strip(each.luma)) is not None]
    assert len(numbers) == len(pictures)
    steps = [after - before for before, after in pairwise(numbers)]
    if name not in STAMPED:
        assert all(step > 0 for step in steps)
        return
    ticks = [after.pts - before.pts for before, after in pairwise(pictures)]
    steady = [abs(t * RATE / TICKS_PER_S - s) < 0.2 for t, s in zip(ticks, steps, strict=True)]
    # The others are where a busy machine was late, or a recording started over.
    assert sum(steady) > len(steady) / 2


@pytest.mark.parametrize("name", ["webm", "ts"])
def test_a_recording_that_comes_at_once_plays_evenly(
    watched: dict[str, Watched], name: str
) -> None:
    fragments, _ = watched[name]
    live = [fragment for fragment in fragments if not fragment.cached]
    hasty = [
        after.captured_at - before.captured_at < (after.pts - before.pts) / TICKS_PER_S / 4
        for before, after in pairwise(live)
    ]
    assert sum(hasty) < len(hasty) / 4


@pytest.mark.parametrize("name", ["hevc", HEVC_SOURCE])
def test_h265_is_served_as_h264_of_the_chosen_height(
    watched: dict[str, Watched], name: str
) -> None:
    _, pictures = watched[name]
    assert {picture.luma.shape for picture in pictures} == {(MAX_HEIGHT_PX, 214)}


def test_kinds_and_sizes_are_listed(server: StreamlabProcess) -> None:
    answer = httpx.get(f"{server.url}/cameras", timeout=60.0)
    assert "se#c" not in answer.text
    assert "se%23c" not in answer.text
    cameras = {each["camera_id"]: each for each in answer.json()["cameras"]}
    assert (cameras["hevc"]["width"], cameras["hevc"]["height"]) == (214, MAX_HEIGHT_PX)
    assert cameras["snapshot"]["fps"] == RATE
    assert cameras["udp"]["source"].startswith("udp://0.0.0.0:")
