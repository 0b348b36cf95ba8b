"""A network camera that goes away in mid-stream and comes back."""

from __future__ import annotations

import signal
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from tests.fakes import rtsp_server
from tests.fakes.rtsp_server import RtspServer
from tests.fakes.streamlab_process import StreamlabProcess

from .client import Stream
from .schema import problems
from .sse import Event
from .street import decode_run

pytestmark = [
    pytest.mark.rtsp,
    pytest.mark.skipif(rtsp_server.available() is not None, reason=str(rtsp_server.available())),
]


def source_is(*states: str) -> Callable[[Event], bool]:
    return lambda event: event.name == "source" and event.data["state"] in states


def test_stream_outlives_its_camera(tmp_path: Path) -> None:
    with RtspServer() as camera:
        arguments = ("--camera", f"cam={camera.url}")
        with (
            StreamlabProcess(tmp_path / "server.log", *arguments) as server,
            Stream(server.url, "/streams/sse/cam/dual") as stream,
        ):
            stream.read_media(1.0, "raw")
            camera.kill()
            stream.read_until(source_is("stalled", "reconnecting"))
            camera.start()
            stream.read_until(source_is("live"))
            back_at = len(stream.log) - 1
            stream.read_media(1.0, "raw")
    assert {problem for event in stream.log for problem in problems(event)} == set()
    assert stream.names().count("connected") == 1
    before = [f for f in stream.fragments("raw") if f.index < back_at]
    after = stream.fragments("raw", start=back_at)
    assert before
    assert after[0].keyframe
    for earlier, later in pairwise(stream.fragments("raw")):
        assert later.pts > earlier.pts
        assert later.sequence == earlier.sequence + 1 or stream.all_of("gap")
    for run in (before, after):
        pictures = decode_run(stream, run)
        assert [picture.pts for picture in pictures] == [
            frame["pts"] for fragment in run for frame in fragment.frames
        ]


def test_server_says_goodbye_when_it_is_stopped(tmp_path: Path) -> None:
    arguments = ("--camera", "street=synthetic://traffic?width=320&height=180&fps=15")
    with (
        StreamlabProcess(tmp_path / "server.log", *arguments) as server,
        Stream(server.url) as stream,
    ):
        stream.read_media(0.3, "raw")
        server.process.terminate()
        stream.read_to_end()
        assert server.stop() in (0, -signal.SIGTERM)  # uvicorn passes the signal on
    assert stream.log[-1].name == "end"
    assert stream.log[-1].data["reason"] == "server_shutdown"
