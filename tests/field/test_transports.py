"""How RTP and MPEG-TS come over the network."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from itertools import islice

import pytest

from streamlab.errors import SourceUnreachableError
from streamlab.media.opening import open_source
from streamlab.media.picture import Picture
from streamlab.media.spec import RtspTransport, SourceSpec
from tests.fakes import rtsp_server
from tests.fakes.rtsp_server import RtspServer
from tests.fakes.udp_camera import UdpCamera
from tests.wire.picture import read_strip

GROUP = "239.255.7.7"


@pytest.fixture(scope="module")
def udp_only() -> Iterator[RtspServer]:
    """A camera that answers 461 to whoever asks for RTP over TCP, and wants digest."""
    with RtspServer(options=["udp", "digest"]) as camera:
        yield camera


def opened_over(camera: RtspServer, transport: RtspTransport) -> int:
    """Return how many pictures came."""
    spec = SourceSpec.parse(camera.url.replace("//", "//admin:secret@"))
    with closing(open_source(replace(spec, rtsp_transport=transport))) as source:
        return len(list(islice(source.frames(), 3)))


@pytest.mark.rtsp
@pytest.mark.skipif(rtsp_server.available() is not None, reason=str(rtsp_server.available()))
class TestRtsp:
    def test_udp_is_asked_for_where_tcp_is_refused(self, udp_only: RtspServer) -> None:
        with ThreadPoolExecutor() as pool:
            came = pool.map(lambda transport: opened_over(udp_only, transport), ("auto", "udp"))
            assert list(came) == [3, 3]

    def test_only_tcp_is_asked_for_where_that_is_chosen(self, udp_only: RtspServer) -> None:
        with pytest.raises(SourceUnreachableError) as caught:
            opened_over(udp_only, "tcp")
        assert "set rtsp_transport to auto" in caught.value.hint


@pytest.mark.parametrize(
    ("host", "scheme", "source"),
    [
        (GROUP, "udp", f"udp://@{GROUP}:{{port}}?localaddr=127.0.0.1"),
        ("127.0.0.1", "rtp", "rtp://@:{port}"),
    ],
    ids=["multicast", "RTP"],
)
def test_mpeg_ts_over_udp(host: str, scheme: str, source: str) -> None:
    with UdpCamera(host, scheme, rate=30) as camera:
        spec = SourceSpec.parse(source.format(port=camera.port))
        with closing(open_source(spec)) as opened:
            assert opened.info.live
            items = list(islice(opened.frames(), 4))
    numbers = [read_strip(Picture(item.frame, 0).planes()[0]) for item in items]
    assert numbers[0] is not None
    assert numbers == list(range(numbers[0], numbers[0] + 4))
