"""``webcam://`` on three operating systems: tables of what FFmpeg is asked for, from its manual."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any, cast

import av
import pytest

from streamlab.config.naming import name_of
from streamlab.errors import SourceError, SourceNotFoundError
from streamlab.media.container import ContainerSource
from streamlab.media.devices import NO_PICTURE_NS, open_webcam, read_packets
from streamlab.media.spec import SourceKind, SourceSpec
from streamlab.media.webcam import DSHOW_BUFFER_BYTES, Webcam, webcam_input

# As FFmpeg lists them: by a name to open them with, and by what the system calls them.
V4L2 = [
    av.DeviceInfo("/dev/video2", "USB Camera: USB Camera", False, ["video"]),
    av.DeviceInfo("/dev/video0", "HD Webcam", True, ["video"]),
    av.DeviceInfo("/dev/video1", "HD Webcam", False, ["video"]),
]
DSHOW = [
    av.DeviceInfo(r"@device_cm_{33D9}\wave_{E265}", "Microphone", False, ["audio"]),
    av.DeviceInfo(r"@device_pnp_\\?\usb#vid_0c45#{65e8}\global", "HD Webcam", True, ["video"]),
    av.DeviceInfo(r"@device_sw_{860B}\{4EA6}", "OBS Virtual Camera", False, ["video", "audio"]),
]


def listed(format_name: str) -> Sequence[av.DeviceInfo]:
    return {"video4linux2": V4L2, "dshow": DSHOW}[format_name]


def not_listed(format_name: str) -> Sequence[av.DeviceInfo]:
    raise AssertionError(f"{format_name} is listed, which FFmpeg does not need here")


def none_connected(format_name: str) -> Sequence[av.DeviceInfo]:
    return []


def opened(address: str, platform: str, devices: Any = listed) -> tuple[str, str, dict[str, str]]:
    found = webcam_input(Webcam.parse(address), platform, devices)
    return found.url, found.format, found.options


@pytest.mark.parametrize(
    ("address", "url", "options"),
    [
        ("webcam://0", "/dev/video0", {}),
        ("WEBCAM://12/", "/dev/video12", {}),
        ("/dev/video3", "/dev/video3", {}),
        (
            "webcam://1?width=1280&height=720&fps=29.97",
            "/dev/video1",
            {"video_size": "1280x720", "framerate": "29.97"},
        ),
    ],
)
def test_linux(address: str, url: str, options: dict[str, str]) -> None:
    assert opened(address, "linux", not_listed) == (url, "video4linux2", options)


def test_linux_by_name_takes_the_first_of_that_name() -> None:
    assert opened("webcam://HD%20Webcam", "linux")[0] == "/dev/video0"


@pytest.mark.parametrize(
    ("address", "url", "options"),
    [
        ("webcam://0", "0:none", {"framerate": "30"}),
        ("webcam://default", "default:none", {"framerate": "30"}),
        ("webcam://FaceTime HD Camera?fps=15", "FaceTime HD Camera:none", {"framerate": "15"}),
        (
            "webcam://1?width=640&height=480",
            "1:none",
            {"video_size": "640x480", "framerate": "30"},
        ),
    ],
)
def test_macos(address: str, url: str, options: dict[str, str]) -> None:
    assert opened(address, "darwin", not_listed) == (url, "avfoundation", options)


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("webcam://0", rf"video={DSHOW[1].name}"),
        ("webcam://1", rf"video={DSHOW[2].name}"),
        ("webcam://Integrated Camera", "video=Integrated Camera"),
    ],
)
def test_windows(address: str, url: str) -> None:
    assert opened(address, "win32") == (url, "dshow", {"rtbufsize": DSHOW_BUFFER_BYTES})


def test_windows_by_name_needs_no_list() -> None:
    assert opened("webcam://HD Webcam", "win32", not_listed)[0] == "video=HD Webcam"


@pytest.mark.parametrize(
    ("address", "platform", "devices", "hint"),
    [
        ("webcam://Nobody", "linux", listed, "HD Webcam"),
        ("webcam://dev/watchdog", "linux", listed, "HD Webcam"),
        ("webcam://%2Fdev%2Fwatchdog", "linux", listed, "HD Webcam"),
        ("webcam://7", "win32", listed, "OBS Virtual Camera"),
        ("webcam://0", "win32", none_connected, "No webcam is connected"),
        ("/dev/video0", "win32", not_listed, "webcam://0"),
        ("/dev/video0", "darwin", not_listed, "webcam://0"),
    ],
)
def test_a_webcam_that_is_not_there(
    address: str, platform: str, devices: Callable[[str], Any], hint: str
) -> None:
    with pytest.raises(SourceNotFoundError) as caught:
        opened(address, platform, devices)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    "address",
    [
        "webcam://",
        "webcam:///",
        "webcam://?fps=30",
        "webcam://0:1",  # on macOS: with microphone 1
        "webcam://Camera%3Aaudio=Microphone",
        "webcam://0?width=640",
        "webcam://0?width=640&height=x",
        "webcam://0?width=640&height=9999",
        "webcam://0?width=0&height=0",
        "webcam://0?fps=0",
        "webcam://0?fps=-1",
        "webcam://0?fps=30/0",
        "webcam://0?list_devices=1",
    ],
)
def test_what_is_refused(address: str) -> None:
    with pytest.raises(SourceError):
        Webcam.parse(address)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("webcam://0", "webcam-0"),
        ("/dev/video0", "video0"),
        ("webcam://FaceTime%20HD Camera?fps=30", "FaceTime HD Camera"),
    ],
)
def test_it_has_a_name(address: str, name: str) -> None:
    assert Webcam.parse(address).name == name


@pytest.mark.parametrize(
    ("address", "name"),
    [("webcam://0", "webcam-0"), ("webcam://Cam [HD] #2?fps=30", "Cam-HD-2")],
)
def test_it_is_a_source(address: str, name: str) -> None:
    spec = SourceSpec.parse(address)
    assert (spec.kind, spec.display) == (SourceKind.WEBCAM, address)
    assert name_of(spec) == name


@pytest.mark.skipif(sys.platform != "linux", reason="opens a device file")
def test_a_device_that_is_not_there() -> None:
    with pytest.raises(SourceNotFoundError, match="webcam://97 does not exist"):
        ContainerSource(SourceSpec.parse("webcam://97"))


def test_an_ffmpeg_that_lacks_the_format_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(SourceError, match="avfoundation"):
        open_webcam("webcam://0", (1.0, 1.0))


class Camera:
    """A container that answers EAGAIN ``waits`` times before each packet, as AVFoundation does."""

    def __init__(self, packets: int, waits: int) -> None:
        self.now_ns = 0
        self._left, self._waits = packets, waits
        self._answers = waits

    def demux(self) -> Iterator[SimpleNamespace]:
        while self._left:
            if self._answers:
                self._answers -= 1
                raise av.error.BlockingIOError(11, "Resource temporarily unavailable")
            self._answers, self._left = self._waits, self._left - 1
            yield SimpleNamespace(stream=SimpleNamespace(index=0), number=self._left)

    def wait(self, seconds: float) -> None:
        self.now_ns += round(seconds * 1e9)

    def read(self) -> Iterator[Any]:
        stream = cast("av.VideoStream", SimpleNamespace(index=0))
        return read_packets(cast("Any", self), stream, wait=self.wait, now_ns=lambda: self.now_ns)


def test_packets_are_waited_for() -> None:
    camera = Camera(packets=3, waits=4)
    assert [packet.number for packet in camera.read()] == [2, 1, 0]
    assert camera.now_ns > 0


def test_a_camera_that_gives_nothing_is_given_up() -> None:
    camera = Camera(packets=1, waits=1 << 30)
    with pytest.raises(BlockingIOError):
        list(camera.read())
    assert NO_PICTURE_NS < camera.now_ns < 2 * NO_PICTURE_NS
