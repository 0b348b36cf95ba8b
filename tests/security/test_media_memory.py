"""What pictures take is bounded in bytes: before they are decoded, and while they wait."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from unittest.mock import Mock

import av
import pytest

from streamlab.camera.annotator import MAX_WAITING_FRAMES, Annotator
from streamlab.camera.channel_encoder import ChannelEncoder
from streamlab.camera.delivery import Delivery
from streamlab.camera.detection import DetectionService
from streamlab.camera.frame import CapturedFrame
from streamlab.camera.frame_memory import (
    CAMERA_BYTES,
    WAITING_BYTES,
    CameraMemory,
    FrameMemory,
    bytes_of,
    frames_that_wait,
)
from streamlab.camera.native_code import UNNOTED
from streamlab.camera.worker import Worker
from streamlab.clock import monotonic_ns
from streamlab.detect.answer import Answer
from streamlab.detect.draw import BoxRenderer
from streamlab.errors import SourceFormatError
from streamlab.faults import NO_FAULTS, PRESETS
from streamlab.faults.detection import FaultyDetection
from streamlab.media.limits import MAX_PIXELS
from streamlab.media.normalise import Normaliser
from streamlab.media.opening import open_source
from streamlab.media.picture import Picture
from streamlab.media.spec import SourceSpec
from streamlab.settings import Settings
from streamlab.viewers import StreamChannelManager
from tests.camera.test_worker import ByHand
from tests.fakes import videos
from tests.fakes.http_camera import HttpCamera

LIMIT_PX = 320 * 180
SMALL, LARGE = (320, 180), (640, 360)
WIDE = Fraction(8)


def spec_of(source: Path | str, max_pixels: int = LIMIT_PX) -> SourceSpec:
    return replace(SourceSpec.parse(str(source)), max_pixels=max_pixels)


def recipe(size_px: tuple[int, int], codec: str, first: int = 0) -> videos.Recipe:
    pixels = {"mjpeg": "yuvj420p", "png": "rgb24", "gif": "rgb8"}.get(codec, "yuv420p")
    return videos.Recipe(*size_px, frames=5, codec=codec, pixel_format=pixels, gop=5, first=first)


def video(path: Path, size_px: tuple[int, int], codec: str) -> Path:
    return videos.write(path, recipe(size_px, codec))


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.mp4", "libx264"),
        ("a.ts", "libx264"),
        ("a.flv", "libx264"),
        ("a.mkv", "libx265"),
        ("a.webm", "libvpx"),
        ("a.avi", "mjpeg"),
        ("b.mp4", "mpeg4"),
        ("b.ts", "mpeg2video"),
        ("a.mov", "png"),
    ],
)
def test_a_video_with_large_pictures_is_refused(tmp_path: Path, name: str, codec: str) -> None:
    with pytest.raises(SourceFormatError, match="max_pixels"):
        open_source(spec_of(video(tmp_path / name, LARGE, codec)))
    with closing(open_source(spec_of(video(tmp_path / name, SMALL, codec)))) as source:
        assert (source.info.width, source.info.height) == SMALL


@pytest.mark.parametrize(
    ("suffix", "codec"), [("h264", "libx264"), ("hevc", "libx265"), ("m4v", "mpeg4")]
)
def test_pictures_that_become_large_are_refused(tmp_path: Path, suffix: str, codec: str) -> None:
    path = tmp_path / f"a.{suffix}"
    parts = (replace(recipe(SMALL, codec), frames=60), recipe(LARGE, codec, first=60))
    path.write_bytes(b"".join(videos._annex_b(part) for part in parts))
    with closing(open_source(spec_of(path))) as source:
        seen: list[int] = []
        with pytest.raises(SourceFormatError, match="max_pixels"):
            seen.extend(item.frame.width for item in source.frames())
        assert set(seen) == {SMALL[0]}
    with closing(open_source(replace(spec_of(path, MAX_PIXELS), loop=False))) as source:
        assert [item.frame.width for item in source.frames()] == [320] * 60 + [640] * 5


def test_the_default_allows_4k_and_no_more(tmp_path: Path) -> None:
    assert 3840 * 2160 < MAX_PIXELS == Settings().max_pixels == 4096 * 2304
    for size_px, is_allowed in (((4096, 2304), True), ((4112, 2304), False)):
        path = tmp_path / f"{size_px[0]}.mp4"
        with av.open(str(path), "w") as container:
            stream = container.add_stream("mpeg4", rate=25)
            stream.width, stream.height, stream.pix_fmt = *size_px, "yuv420p"
            container.mux(stream.encode(av.VideoFrame(*size_px, "yuv420p")))
            container.mux(stream.encode(None))
        spec = SourceSpec.parse(str(path))
        if is_allowed:
            open_source(spec).close()
        else:
            with pytest.raises(SourceFormatError, match="max_pixels"):
                open_source(spec)


@pytest.mark.parametrize("codec", ["mjpeg", "png"])
def test_a_large_snapshot_is_refused(codec: str) -> None:
    with HttpCamera() as camera:
        camera.bodies += [picture(SMALL, codec)] * 3 + [picture(LARGE, codec)] * 3
        spec = replace(spec_of(f"{camera.url}/snapshot.jpg"), snapshot_fps=Fraction(30))
        with closing(open_source(spec, 5.0)) as source:
            widths: list[int] = []
            with pytest.raises(SourceFormatError, match="max_pixels"):
                widths.extend(item.frame.width for item in source.frames())
            assert set(widths) == {SMALL[0]}
        camera.bodies[:] = [picture(LARGE, codec)] * 3
        with pytest.raises(SourceFormatError, match="max_pixels"):
            open_source(spec, 5.0)


def picture(size_px: tuple[int, int], codec: str) -> bytes:
    encoder = av.CodecContext.create(codec, "w")
    assert isinstance(encoder, av.VideoCodecContext)
    videos.set_up(encoder, recipe(size_px, codec))
    encoder.time_base = Fraction(1, 25)
    return bytes(next(iter(videos.encode(encoder, recipe(size_px, codec)))))


def test_wide_pixels_do_not_make_a_picture_larger_than_is_allowed() -> None:
    normaliser = Normaliser(None, LIMIT_PX)
    ((_, made),) = normaliser.receive_frame(av.VideoFrame(*SMALL, "yuv420p"), WIDE)
    assert made.width * made.height <= LIMIT_PX
    assert made.width / made.height == pytest.approx(SMALL[0] * 8 / SMALL[1], rel=0.1)
    assert normaliser.objection == "the camera's pixels are not square"


def test_a_package_cannot_give_larger_pictures() -> None:
    with pytest.raises(SourceFormatError, match="640x360 px, and the setting max_pixels"):
        list(Normaliser(None, LIMIT_PX).receive_frame(av.VideoFrame(*LARGE, "yuv420p")))


def test_the_setting_applies_to_every_camera(tmp_path: Path) -> None:
    path = video(tmp_path / "a.mp4", LARGE, "libx264")

    async def add() -> None:
        manager = StreamChannelManager(Settings(max_pixels=LIMIT_PX))
        try:
            await manager.add_camera("a", SourceSpec.parse(str(path)))
        finally:
            await manager.close()

    with pytest.raises(SourceFormatError, match=f"max_pixels allows {LIMIT_PX} px"):
        asyncio.run(add())


# -- waiting frames


def captured(pts: int, size_px: tuple[int, int]) -> CapturedFrame:
    frame = Picture(av.VideoFrame(*size_px, "yuv420p"), pts)
    return CapturedFrame(frame, 3600, pts == 0, monotonic_ns(), 0.0)


class StuckStage(Worker[CapturedFrame]):
    """Takes frames into its mailbox, and works on none until its pool is told to."""

    def __init__(self, pool: ByHand) -> None:
        super().__init__("stuck", 1000, pool)

    def handle(self, item: CapturedFrame) -> None:
        pass


def stuck(memory: CameraMemory) -> Delivery:
    delivery = Delivery(lambda _: None, ByHand(), memory)
    delivery.stages, delivery.wanted = [StuckStage(ByHand()) for _ in range(2)], True
    return delivery


@pytest.mark.parametrize("size_px", [(320, 180), (640, 360), (1280, 720)])
def test_what_waits_is_bounded_in_bytes_whatever_its_size(size_px: tuple[int, int]) -> None:
    shared = FrameMemory(total_bytes=80 << 20, camera_bytes=10 << 20)
    delivery = stuck(CameraMemory(shared))
    size = bytes_of(captured(0, size_px).picture)
    taken = sum(delivery.deliver(captured(pts, size_px)) for pts in range(150))
    assert taken == min(150, (10 << 20) // size)
    assert delivery.memory.used_bytes == taken * size
    for stage in delivery.stages:
        stage.stop()
    gc.collect()
    assert delivery.memory.used_bytes == 0


def test_a_camera_may_always_have_one_frame() -> None:
    delivery = stuck(CameraMemory(FrameMemory(total_bytes=2, camera_bytes=1)))
    assert [delivery.deliver(captured(pts, SMALL)) for pts in range(3)] == [True, False, False]


class AskingStage(Worker[CapturedFrame]):
    """Asks a detector about each frame, and does not wait for the answer."""

    def __init__(self, pool: ByHand, ask: Callable[[CapturedFrame], None]) -> None:
        super().__init__("asking", 1000, pool)
        self.ask: Callable[[CapturedFrame], CapturedFrame | None] = ask
        self.receive_answer: Callable[[Answer], None] = lambda _: None

    def handle(self, item: CapturedFrame) -> None:
        self.ask(item)


def test_what_injected_faults_hold_is_bounded_in_bytes() -> None:
    go_on, pool = threading.Event(), ByHand()
    stage = AskingStage(pool, lambda _: void(go_on.wait(60)))
    delivery = Delivery(lambda _: None, pool, CameraMemory(FrameMemory(camera_bytes=10 << 20)))
    delivery.stages, delivery.wanted = [stage], True
    faults, asks_at_once = FaultyDetection(stage), stage.ask
    faults.inject(PRESETS["lognormal"])
    wait_until(lambda: stage.ask is not asks_at_once)
    taken = 0
    for pts in range(100):
        taken += delivery.deliver(captured(pts, LARGE))
        pool.work()
        assert not stage.has_items()
    assert taken == (10 << 20) // bytes_of(captured(0, LARGE).picture)
    go_on.set()
    wait_until(lambda: delivery.memory.used_bytes == 0)
    assert delivery.deliver(captured(100, LARGE))
    faults.inject(NO_FAULTS)


def wait_until(condition: Callable[[], bool]) -> None:
    give_up_s = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < give_up_s
        time.sleep(0.01)


def void(_: object) -> None:
    pass


def test_all_cameras_together_are_bounded_and_none_takes_the_share_of_another() -> None:
    shared = FrameMemory(total_bytes=32 << 20, camera_bytes=12 << 20)
    deliveries = [stuck(CameraMemory(shared)) for _ in range(4)]
    taken = [
        sum(delivery.deliver(captured(pts, LARGE)) for pts in range(100)) for delivery in deliveries
    ]
    size = bytes_of(captured(0, LARGE).picture)
    assert sum(taken) * size <= 32 << 20
    assert taken[0] == (12 << 20) // size
    assert min(taken) >= (4 << 20) // size, "its share of one half"


@pytest.mark.parametrize("size_px", [(1920, 1080), (4096, 2304), (8192, 4320)])
def test_fewer_large_frames_wait_for_their_boxes(size_px: tuple[int, int]) -> None:
    large = captured(0, (32, 32)).picture
    assert frames_that_wait(large, MAX_WAITING_FRAMES) == MAX_WAITING_FRAMES
    frame = captured(0, size_px).picture
    waiting = frames_that_wait(frame, MAX_WAITING_FRAMES)
    assert 1 <= waiting < MAX_WAITING_FRAMES
    assert waiting * bytes_of(frame) <= WAITING_BYTES < CAMERA_BYTES


@pytest.mark.parametrize(("frames_px", "waiting"), [((320, 180), 64), ((4096, 2304), 9)])
def test_the_oldest_frames_leave_when_too_many_bytes_wait_for_boxes(
    frames_px: tuple[int, int], waiting: int
) -> None:
    encoder, service = Mock(ChannelEncoder), Mock(DetectionService)
    encoder.channel, encoder.native = "annotated", UNNOTED
    service.offer.return_value = None  # accepted, and never answered
    annotator = Annotator("yard", encoder, service, BoxRenderer(), emit=lambda _: None)
    for pts in range(70):
        annotator.handle(captured(pts, frames_px))
        while annotator.has_work():
            annotator.work_on()
    assert annotator.boxes.counts["stale_queue_full"] == 70 - waiting
    assert waiting * bytes_of(captured(0, frames_px).picture) <= WAITING_BYTES
