"""Cameras that answer with one picture: how they are known, asked and given up."""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from itertools import islice, pairwise
from urllib.parse import quote

import av
import numpy as np
import pytest

from streamlab.errors import SourceError, SourceFormatError, SourceUnreachableError
from streamlab.media import http_get
from streamlab.media.container import ContainerSource
from streamlab.media.http_get import HttpGet
from streamlab.media.opening import open_source
from streamlab.media.picture import Picture
from streamlab.media.snapshot_source import MAX_BAD_ANSWERS, SnapshotSource
from streamlab.media.source import Source, SourceFrame
from streamlab.media.spec import SourceSpec
from tests.fakes.http_camera import HttpCamera, jpeg
from tests.fakes.videos import draw_picture
from tests.wire.picture import read_strip

FPS = 20


@pytest.fixture
def camera() -> Iterator[HttpCamera]:
    with HttpCamera() as camera:
        yield camera


def opened(
    camera: HttpCamera, path: str = f"/snapshot.jpg?fps={FPS}", user_info: str = ""
) -> Source:
    return open_source(SourceSpec.parse(f"http://{user_info}{camera.host}{path}"))


def number_of(item: SourceFrame) -> int | None:
    return read_strip(Picture(item.frame, 0).planes()[0])


@pytest.mark.parametrize("path", ["/snapshot.jpg", "/snapshot.jpg?user=x", "/moved/snapshot.jpg"])
def test_one_picture_is_a_snapshot_camera(camera: HttpCamera, path: str) -> None:
    with closing(opened(camera, path)) as source:
        assert isinstance(source, SnapshotSource)
        assert source.info.live
        assert (source.info.codec, source.info.fps) == ("mjpeg", Fraction(1))


@pytest.mark.parametrize("path", ["/mjpeg?fps=50", "/mjpeg?fps=50&name=a.jpg"])
def test_a_stream_of_pictures_stays_one(camera: HttpCamera, path: str) -> None:
    with closing(opened(camera, path)) as source:
        assert isinstance(source, ContainerSource)
        assert [number_of(item) for item in islice(source.frames(), 3)] == [0, 1, 2]
    assert len(camera.paths) == 1


def test_it_is_asked_as_often_as_wanted_on_one_connection(camera: HttpCamera) -> None:
    with closing(opened(camera)) as source:
        camera.connections = 0
        numbers = [number_of(item) for item in islice(source.frames(), 8)]
    assert numbers == list(range(1, 9))  # FFmpeg saw number 0
    assert set(camera.paths) == {f"/snapshot.jpg?fps={FPS}"}
    assert camera.connections == 0
    asked_s = camera.asked_s[1:]
    assert asked_s[-1] - asked_s[0] >= (len(asked_s) - 1.5) / FPS


@pytest.mark.parametrize(
    ("wanted", "fps"),
    [(None, Fraction(1)), (Fraction(10**6), Fraction(30)), (Fraction(1, 10**6), Fraction(1, 3600))],
)
def test_the_rate_is_bounded(camera: HttpCamera, wanted: Fraction | None, fps: Fraction) -> None:
    spec = SourceSpec.parse(f"{camera.url}/snapshot.jpg")
    with closing(SnapshotSource(replace(spec, snapshot_fps=wanted), "mjpeg")) as source:
        assert source.info.fps == fps


def test_closing_ends_a_wait(camera: HttpCamera) -> None:
    source = opened(camera, "/snapshot.jpg?fps=0.001")
    threading.Timer(0.1, source.close).start()
    assert len(list(source.frames())) == 1


def test_the_size_may_change(camera: HttpCamera) -> None:
    with closing(opened(camera)) as source:
        frames = source.frames()
        first = next(frames)
        camera.size_px = (480, 270)
        sizes = [(item.frame.width, item.frame.height) for item in islice(frames, 2)]
    assert (first.frame.width, first.frame.height) == (320, 180)
    assert sizes == [(480, 270)] * 2


def test_colours_are_those_of_jpeg(camera: HttpCamera) -> None:
    with closing(opened(camera)) as source:
        frame = next(source.frames()).frame
    assert (frame.format.name, frame.color_range) == ("yuv420p", 2)


def test_a_png_is_shown_in_its_colours(camera: HttpCamera) -> None:
    encoder = av.CodecContext.create("png", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = 320, 180, "rgb24"
    encoder.time_base = Fraction(1, 25)
    drawn = draw_picture(7, 320, 180)
    packets = encoder.encode(av.VideoFrame.from_ndarray(drawn, format="rgb24"))
    camera.bodies += [b"".join(map(bytes, packets))] * 3
    with closing(opened(camera)) as source:
        assert source.info.codec == "png"
        made = Picture(next(source.frames()).frame, 0)
    assert np.abs(made.rgb().mean((0, 1)) - drawn.mean((0, 1))).max() < 1.5


@pytest.mark.parametrize(
    ("orientation", "turns"), [(1, 0), (3, 2), (6, -1), (8, 1)], ids=["up", "over", "right", "left"]
)
def test_a_jpeg_is_turned_as_its_exif_says(
    camera: HttpCamera, orientation: int, turns: int
) -> None:
    picture = jpeg(0)
    exif = b"Exif\0\0II*\0" + struct.pack("<IHHHIII", 8, 1, 0x0112, 3, 1, orientation, 0)
    segment = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
    camera.bodies += [picture[:2] + segment + picture[2:]] * 3
    with closing(opened(camera)) as source:
        luma = Picture(next(source.frames()).frame, 0).planes()[0]
    assert read_strip(np.rot90(luma, -turns)) == 0


@pytest.mark.parametrize("auth", ["basic", "digest"])
def test_the_camera_chooses_how_to_be_asked(camera: HttpCamera, auth: str) -> None:
    camera.auth = auth  # type: ignore[assignment]
    known = f"{camera.user}:{quote(camera.password, safe='')}@"
    with closing(opened(camera, user_info=known)) as source:
        camera.refused = 0
        assert len(list(islice(source.frames(), 4))) == 4
    assert camera.refused == 0  # it is not asked without credentials again and again
    with pytest.raises(SourceUnreachableError, match="401 Unauthorized") as caught:
        opened(camera, user_info="admin:hunter2@")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "words"), [(401, "401 Unauth"), (403, "403 Forb"), (451, "451 Unav"), (503, "503 S")]
)
def test_a_refusal_ends_it_and_is_named(camera: HttpCamera, status: int, words: str) -> None:
    with closing(opened(camera)) as source:
        frames = source.frames()
        next(frames)
        camera.status = status
        with pytest.raises(SourceError, match=words):
            next(frames)


@pytest.mark.parametrize(
    "body", [b"", b"<p>Please log in</p>", jpeg(0)[:40]], ids=["empty", "a page", "torn"]
)
def test_answers_without_a_picture_end_it_in_the_end(camera: HttpCamera, body: bytes) -> None:
    with closing(opened(camera)) as source:
        frames = source.frames()
        next(frames)
        camera.bodies += [body] * MAX_BAD_ANSWERS
        before = len(camera.paths)
        camera.asked_s.clear()
        with pytest.raises(SourceFormatError, match="other than a picture"):
            next(frames)
    assert len(camera.paths) - before == MAX_BAD_ANSWERS
    assert min(b - a for a, b in pairwise(camera.asked_s)) > 0.5 / FPS  # no busy loop


def test_one_answer_without_a_picture_is_left_out(camera: HttpCamera) -> None:
    with closing(opened(camera)) as source:
        frames = source.frames()
        next(frames)
        camera.bodies.append(b"")
        assert number_of(next(frames)) == 2


def test_an_answer_has_a_bound(camera: HttpCamera, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(opened(camera)) as source:
        frames = source.frames()
        next(frames)
        camera.bodies.append(bytes(2 << 20))
        monkeypatch.setattr(http_get, "MAX_ANSWER_BYTES", 1 << 20)
        with pytest.raises(SourceFormatError, match="more than 1 MB"):
            next(frames)


def test_a_camera_that_says_nothing_is_given_up(camera: HttpCamera) -> None:
    with closing(HttpGet(SourceSpec.parse(f"{camera.url}/silent"), timeout_s=0.2)) as http:
        with pytest.raises(SourceUnreachableError, match="no answer in time"):
            http.fetch()
        assert http.ask_refusal() is None


def test_a_refusal_behind_digest_is_named(camera: HttpCamera) -> None:
    camera.auth, camera.status = "digest", 503
    with pytest.raises(SourceUnreachableError, match="503 Service Unavailable"):
        opened(camera, user_info=f"{camera.user}:{quote(camera.password, safe='')}@")


def test_credentials_stay_with_their_host(camera: HttpCamera) -> None:
    with HttpCamera(auth="basic") as other:
        camera.elsewhere = f"{other.url}/snapshot.jpg"
        with pytest.raises(SourceUnreachableError, match="401"):
            opened(camera, user_info=f"{other.user}:{quote(other.password, safe='')}@")
        assert other.refused
        assert not other.paths


def test_redirects_end(camera: HttpCamera) -> None:
    with closing(opened(camera)) as source:
        frames = source.frames()
        next(frames)
        camera.elsewhere = f"{camera.url}/snapshot.jpg"
        with pytest.raises(SourceUnreachableError, match="redirects more than 8 times"):
            next(frames)


def test_a_redirect_to_a_port_that_does_not_exist_has_a_reason(camera: HttpCamera) -> None:
    with closing(opened(camera)) as source:
        frames = source.frames()
        next(frames)
        camera.elsewhere = "http://127.0.0.1:65536/snapshot.jpg"
        with pytest.raises(SourceUnreachableError, match="leads to port 65536; the highest is 65"):
            next(frames)


def test_a_redirect_leads_to_http_only(camera: HttpCamera) -> None:
    with closing(opened(camera)) as source:
        frames = source.frames()
        next(frames)
        camera.elsewhere = "file:///etc/passwd"
        with pytest.raises(SourceUnreachableError, match="other than HTTP"):
            next(frames)
