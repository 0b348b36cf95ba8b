"""A source given over HTTP reaches no local host, by whatever name, redirect or playlist."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address, ip_network
from itertools import islice
from pathlib import Path
from typing import Literal

import httpx
import pytest

from streamlab.cli.run import _stored
from streamlab.config.camera import CameraConfig
from streamlab.config.store import CameraStore
from streamlab.errors import SourceError, SourceNotAllowedError, SourceUnreachableError
from streamlab.media.checked_transport import transport_of
from streamlab.media.limits import SourceLimits
from streamlab.media.networks import check_address, check_literal, literal_address
from streamlab.media.opening import open_source
from streamlab.media.spec import SourcePolicy, SourceSpec
from streamlab.server.app import create_app
from streamlab.settings import Settings
from streamlab.viewers import StreamChannelManager
from tests.fakes import videos
from tests.fakes.http_camera import HttpCamera

KINDS = ["http", "rtsp", "udp", "synthetic"]
ONE = SourceLimits((), (ip_network("127.0.0.1/32"),))
"""127.0.0.1 may be named, 127.0.0.2 not: both are this machine."""
SHORT = videos.Recipe(width=64, height=48, frames=5, gop=5)
LOCAL = [
    "127.0.0.1", "127.8.9.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "0",
    "0.0.0.0", "localhost", "LOCALHOST", "localhost.", "cam.localhost", "[::1]", "[::]",
    "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]",
    "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "169.254.169.254", "169.254.0.9", "2852039166",
    "0xa9fea9fe", "[::ffff:169.254.169.254]", "[fe80::1]", "[fd00:ec2::254]", "100.100.100.200",
    "168.63.129.16", "192.0.0.192",
]  # fmt: skip
ELSEWHERE = ["192.168.1.20", "10.0.0.7", "8.8.8.8", "cam.example", "[2001:db8::1]", "[fd12::7]"]


def policy(*networks: str) -> SourcePolicy:
    return SourcePolicy.of(KINDS, [], [], map(ip_network, networks))


def open_limited(source: str, limits: SourceLimits = ONE) -> int:
    """Open a source as one given over HTTP; return how many of its first frames came."""
    spec = replace(SourceSpec.parse(source), limits=limits)
    with closing(open_source(spec, 5.0)) as opened:
        return len(list(islice(opened.frames(), 3)))


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Return the addresses of host names, to be filled in; each resolution uses up the first."""
    known: dict[str, list[str]] = {}
    resolve = socket.getaddrinfo

    def look_up(host: str, port: object, *args: int, **kwargs: int) -> object:
        if host not in known:
            return resolve(host, port, *args, **kwargs)  # type: ignore[arg-type]
        answer = known[host].pop(0) if len(known[host]) > 1 else known[host][0]
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port or 0))
            for each in answer.split()
        ]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


@pytest.mark.parametrize("host", LOCAL)
@pytest.mark.parametrize("scheme", ["http", "https", "rtsp", "udp"])
def test_a_local_host_is_refused_at_once(scheme: str, host: str) -> None:
    if scheme == "udp" and host in ("0.0.0.0", "[::]"):
        return  # what is sent to any address of this machine
    with pytest.raises(SourceNotAllowedError) as caught:
        policy().check(SourceSpec.parse(f"{scheme}://{host}:8080"))
    assert "allowed_networks" in caught.value.hint


@pytest.mark.parametrize("host", ELSEWHERE)
def test_other_hosts_may_be_named(host: str) -> None:
    policy().check(SourceSpec.parse(f"http://{host}/video"))


def test_what_udp_listens_on_may_be_named() -> None:
    for source in ("udp://@:5000", "udp://239.0.0.1:5000", "udp://0.0.0.0:5000"):
        policy().check(SourceSpec.parse(source))
    with pytest.raises(SourceNotAllowedError):
        policy().check(SourceSpec.parse("udp://239.0.0.1:5000?localaddr=127.0.0.1"))


def test_an_allowed_network_may_be_named_in_any_form() -> None:
    allowed = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    for host in ("127.0.0.1", "0x7f.1", "[::ffff:127.0.0.1]", "localhost", "[::1]"):
        check_literal(host, allowed)
    with pytest.raises(SourceNotAllowedError):
        check_literal("169.254.169.254", allowed)


def test_the_settings_name_the_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMLAB_ALLOWED_NETWORKS", "127.0.0.0/8, ::1/128")
    assert Settings().allowed_networks == [ip_network("127.0.0.0/8"), ip_network("::1/128")]
    with pytest.raises(ValueError, match="network"):
        Settings.model_validate({"allowed_networks": ["here"]})


def test_an_operators_own_source_may_be_anywhere() -> None:
    spec = SourceSpec.parse("http://127.0.0.1:8080/video")
    named = SourcePolicy.of([], [], [spec])
    named.check(spec)
    assert named.limits_of(spec) is None
    assert named.limits_of(SourceSpec.parse("http://127.0.0.1:8081/video")) is named.limits


@pytest.mark.parametrize("text", ["12", "1.2.3", "0x1", "::1", "1.2.3.4"])
def test_every_address_a_resolver_takes_is_known_as_one(text: str) -> None:
    assert literal_address(text) is not None
    assert literal_address(f"cam-{text}") is None


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
@pytest.mark.parametrize("addresses", ["127.0.0.2", "8.8.8.8 127.0.0.2", "169.254.169.254"])
def test_every_address_of_a_name_counts(
    names: dict[str, list[str]], scheme: str, addresses: str
) -> None:
    names["cam.test"] = [addresses]
    with pytest.raises(SourceNotAllowedError, match=r"'cam\.test' is (127|169)"):
        open_limited(f"{scheme}://cam.test:9/video")


def test_an_unknown_name_is_no_answer(names: dict[str, list[str]]) -> None:
    for scheme in ("http", "rtsp"):
        with pytest.raises(SourceUnreachableError, match="the host name is not known"):
            open_limited(f"{scheme}://no.such.host.invalid/video")


@pytest.mark.parametrize("path", ["/snapshot.jpg", "/mjpeg", "/moved/mjpeg", "/file/a.ts"])
def test_the_address_that_was_checked_is_the_one_connected_to(
    names: dict[str, list[str]], tmp_path: Path, path: str
) -> None:
    names["cam.test"] = ["127.0.0.1"]
    with HttpCamera(files={"a.ts": videos.write(tmp_path / "a.ts", SHORT)}) as camera:
        port = camera.host.partition(":")[2]
        assert open_limited(f"http://cam.test:{port}{path}?fps=20") == 3


def test_a_name_that_resolves_elsewhere_later_is_refused(names: dict[str, list[str]]) -> None:
    names["cam.test"] = ["127.0.0.1", "127.0.0.2"]
    with HttpCamera() as camera, closing(transport_of(ONE)) as transport:
        url = f"http://cam.test:{camera.host.partition(':')[2]}/snapshot.jpg"
        with closing(transport.handle_request(httpx.Request("GET", url))) as response:
            assert response.status_code == 200
        with pytest.raises(SourceNotAllowedError):
            transport.handle_request(httpx.Request("GET", url))


@pytest.mark.parametrize(
    "target", ["http://127.0.0.2:{port}/snapshot.jpg", "http://0x7f.2:{port}/x", "//127.0.0.2/"]
)
def test_redirects_are_checked(target: str) -> None:
    with HttpCamera() as camera:
        camera.elsewhere = target.format(port=camera.host.partition(":")[2])
        with pytest.raises(SourceNotAllowedError):
            open_limited(f"{camera.url}/snapshot.jpg")
        assert len(camera.paths) == 1


def test_what_a_snapshot_camera_redirects_to_later_is_checked() -> None:
    with HttpCamera() as camera:
        spec = replace(SourceSpec.parse(f"{camera.url}/snapshot.jpg?fps=20"), limits=ONE)
        with closing(open_source(spec, 5.0)) as source:
            frames = source.frames()
            assert next(frames) is not None
            camera.elsewhere = f"http://127.0.0.2:{camera.host.partition(':')[2]}/snapshot.jpg"
            with pytest.raises(SourceNotAllowedError):
                list(islice(frames, 3))


@pytest.mark.parametrize("entry", ["http://127.0.0.2:{port}/file/a.ts", "file:///etc/passwd.ts"])
@pytest.mark.parametrize("place", ["segment", "map", "key", "variant"])
def test_what_a_playlist_refers_to_is_checked(tmp_path: Path, entry: str, place: str) -> None:
    videos.write(tmp_path / "a.ts", SHORT)
    listed = tmp_path / "list.m3u8"
    with HttpCamera(files={"a.ts": tmp_path / "a.ts", "list.m3u8": listed}) as camera:
        entry = entry.format(port=camera.host.partition(":")[2])
        head = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:1\n"
        listed.write_text(
            {
                "segment": f"{head}#EXTINF:0.2,\n{entry}\n#EXT-X-ENDLIST\n",
                "map": f'{head}#EXT-X-MAP:URI="{entry}"\n#EXTINF:0.2,\na.ts\n#EXT-X-ENDLIST\n',
                "key": f'{head}#EXT-X-KEY:METHOD=AES-128,URI="{entry}"\n#EXTINF:0.2,\na.ts\n'
                "#EXT-X-ENDLIST\n",
                "variant": f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000\n{entry}\n",
            }[place]
        )
        with pytest.raises(SourceError):
            open_limited(f"{camera.url}/file/list.m3u8")
        assert len(camera.paths) == 1, "nothing but the playlist was asked for"


def test_a_playlist_may_name_files_of_its_host(tmp_path: Path) -> None:
    videos.write(tmp_path / "a.ts", SHORT)
    listed = tmp_path / "list.m3u8"
    listed.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.2,\na.ts\n#EXT-X-ENDLIST\n")
    with HttpCamera(files={"a.ts": tmp_path / "a.ts", "list.m3u8": listed}) as camera:
        assert open_limited(f"{camera.url}/file/list.m3u8") == 3


@pytest.fixture
def recording(tmp_path: Path) -> Iterator[tuple[str, list[str]]]:
    """Return the address of an MP4 whose index comes last, and the ranges it is asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Log nothing."""

        def do_GET(self) -> None:
            ranges = self.headers.get("Range", "")
            asked.append(ranges)
            body = whole[int(ranges[len("bytes=") : -1] or 0) if ranges else 0 :]
            self.send_response(206 if ranges else 200)
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(ConnectionError):  # the reader has gone
                self.wfile.write(body)

    recipe = videos.Recipe(width=640, height=480, frames=20, options={"qp": "0"})
    whole = videos.write(tmp_path / "b.mp4", recipe).read_bytes()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/b.mp4", asked
    server.shutdown()
    server.server_close()


def test_a_recording_is_read_by_ranges(recording: tuple[str, list[str]]) -> None:
    url, asked = recording
    assert open_limited(url) == 3
    assert any(asked), "its index is at the end"


def test_a_camera_that_sends_no_picture_is_given_up_in_time() -> None:
    with HttpCamera() as camera:
        spec = replace(SourceSpec.parse(f"{camera.url}/mjpeg?frames=0"), limits=ONE)
        with pytest.raises(SourceUnreachableError, match="no answer in time"):
            open_source(spec, 0.5)


def test_a_source_that_is_stopped_waits_for_no_picture() -> None:
    with HttpCamera() as camera:
        spec = replace(SourceSpec.parse(f"{camera.url}/mjpeg?fps=20&frames=3"), limits=ONE)
        with closing(open_source(spec, 5.0)) as source:
            frames = source.frames()
            assert next(frames) is not None
            stopping = threading.Timer(0.3, source.stop)
            stopping.start()
            with pytest.raises(SourceUnreachableError):
                list(frames)
            stopping.join()


@pytest.mark.parametrize("auth", ["basic", "digest"])
@pytest.mark.parametrize("path", ["/mjpeg", "/snapshot.jpg", "/file/list.m3u8"])
def test_credentials_are_given_as_the_camera_asks(
    tmp_path: Path, auth: Literal["basic", "digest"], path: str
) -> None:
    files = {"a.ts": videos.write(tmp_path / "a.ts", SHORT), "list.m3u8": tmp_path / "list.m3u8"}
    files["list.m3u8"].write_text(
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.2,\na.ts\n#EXT-X-ENDLIST\n"
    )
    with HttpCamera(auth=auth, password="s3cret", files=files) as camera:
        assert open_limited(f"http://admin:s3cret@{camera.host}{path}?fps=20") == 3


@pytest.mark.parametrize("keep", [False, True])
def test_the_api_refuses_local_hosts(keep: bool) -> None:
    async def post() -> httpx.Response:
        manager = StreamChannelManager(Settings(allowed_schemes=["http"]))
        allowed = SourcePolicy.of(["http"], [], [])
        transport = httpx.ASGITransport(create_app(manager, allowed))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
            body = {"camera_id": "a", "source": "http://0x7f.1/video", "keep": keep}
            answer = await http.post("/cameras", json=body)
        assert not manager.cameras
        await manager.close()
        return answer

    answer = asyncio.run(post())
    assert answer.status_code == 403
    assert "allowed_networks" in answer.text


def test_embedded_addresses_of_allowed_hosts_pass() -> None:
    check_address(ip_address("::ffff:192.168.1.1"), "cam", ())
    check_address(ip_address("64:ff9b::c0a8:101"), "cam", ())


def test_a_camera_kept_from_a_request_stays_limited(tmp_path: Path) -> None:
    store = CameraStore(tmp_path, max_cameras=4)
    for name, source in (("near", "http://127.0.0.1/a"), ("far", "http://cam.example/a")):
        store.put(CameraConfig.of(name, source))
    allowed = SourcePolicy.of(["http"], [], [])
    (asked,) = _stored(store, [], allowed)
    assert (asked.name, asked.limits) == ("far", allowed.limits)
