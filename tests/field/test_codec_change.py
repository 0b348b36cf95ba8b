"""A camera whose codec is changed while it is watched."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.streamlab_process import StreamlabProcess
from tests.fakes.udp_camera import UdpCamera
from tests.field.lifecycle import listed, wait_for
from tests.wire.client import Stream

RATE = 10


@pytest.mark.long
@pytest.mark.parametrize(("before", "after"), [("h264", "hevc"), ("hevc", "h264")])
def test_the_new_codec_is_shown_and_viewers_stay(tmp_path: Path, before: str, after: str) -> None:
    encoders = {"h264": "libx264", "hevc": "libx265"}
    with UdpCamera(rate=RATE) as camera:
        camera.codec = encoders[before]
        source = f"--camera=cam=udp://@127.0.0.1:{camera.port}"
        with (
            StreamlabProcess(tmp_path / "log", source, stall_after=1) as server,
            Stream(server.url, "/streams/sse/cam/dual") as stream,
        ):
            stream.read_media(0.5, "raw")
            assert listed(server)["cam"]["codec"] == before
            camera.codec = encoders[after]
            while listed(server)["cam"]["codec"] != after:
                stream.read_media(0.1, "raw")
            stream.read_media(0.5, "raw")
            wait_for(lambda: listed(server)["cam"]["state"] == "live")
