"""Media time of network cameras against the clock, in the bytes that are delivered."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise

import pytest

from tests.fakes.streamlab_process import StreamlabProcess
from tests.fakes.timed_camera import RATE, TimedCamera
from tests.wire.client import Fragment, Stream
from tests.wire.schema import problems
from tests.wire.sse import Event

TICKS_PER_S = 90_000
WATCHED_S = 3.0
SETTLED_S = 3.0
"""By then a rate that is wrong has been noticed."""

PATHS = {"mjpeg": "/mjpeg", "stamped25": "/stream.mkv", "hls": "/live.m3u8"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StreamlabProcess]:
    """A server with one camera of each kind."""
    log_path = tmp_path_factory.mktemp("field") / "log"
    with TimedCamera() as camera:
        cameras = [part for n, p in PATHS.items() for part in ("--camera", f"{n}={camera.url}{p}")]
        with StreamlabProcess(log_path, *cameras) as server:
            yield server


def watch(server: StreamlabProcess, name: str) -> list[Fragment]:
    """Return the raw fragments of a few seconds by the server's clock, after the first ones."""
    with Stream(server.url, f"/streams/sse/{name}/dual") as stream:
        first_at: list[float] = []

        def is_enough(event: Event) -> bool:
            if event.name != "fragment":
                return False
            first_at.append(event.data["captured_at"])
            return first_at[-1] - first_at[0] > SETTLED_S + WATCHED_S

        stream.read_until(is_enough)
    assert {problem for event in stream.log for problem in problems(event)} == set()
    fragments = stream.fragments("raw")
    start = fragments[0].captured_at + SETTLED_S
    return [fragment for fragment in fragments if fragment.captured_at >= start]


@pytest.fixture(scope="module")
def watched(server: StreamlabProcess) -> dict[str, list[Fragment]]:
    """All cameras, watched at the same time."""
    with ThreadPoolExecutor(len(PATHS)) as pool:
        return dict(zip(PATHS, pool.map(partial(watch, server), PATHS), strict=True))


@pytest.mark.parametrize("name", PATHS)
def test_media_time_goes_as_fast_as_the_clock(
    watched: dict[str, list[Fragment]], name: str
) -> None:
    fragments = watched[name]
    media_s = (fragments[-1].pts - fragments[0].pts) / TICKS_PER_S
    clock_s = fragments[-1].captured_at - fragments[0].captured_at
    assert media_s / clock_s == pytest.approx(1, rel=0.1)
    frames = sum(len(fragment.frames) for fragment in fragments)
    assert frames / media_s == pytest.approx(RATE, rel=0.2)
    assert sum(f.duration for f in fragments) / TICKS_PER_S == pytest.approx(media_s, rel=0.2)
    if name == "hls":  # pictures of a segment do not come all at once
        pairs = list(pairwise(fragments))
        hasty = [
            after.captured_at - before.captured_at < (after.pts - before.pts) / TICKS_PER_S / 4
            for before, after in pairs
        ]
        assert sum(hasty) < len(pairs) / 4
