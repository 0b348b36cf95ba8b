"""Webcams: translates ``webcam://0`` into FFmpeg's input on each operating system. Opens nothing.

Names and options are those of https://ffmpeg.org/ffmpeg-devices.html: ``video4linux2`` on Linux,
``avfoundation`` on macOS, ``dshow`` (DirectShow) on Windows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import parse_qsl, unquote

from streamlab.errors import SourceError, SourceNotFoundError

FORM = "webcam://0, webcam://NAME or webcam://0?width=1280&height=720&fps=30"
MAX_SIZE_PX = 8192
# FFmpeg requests 29.97 fps of AVFoundation by default, but built-in cameras support only 30.
MACOS_FPS = "30"
# DirectShow's default of 3 MB is less than a 1920x1080 frame in YUYV: FFmpeg would drop most.
DSHOW_BUFFER_BYTES = str(1 << 26)

DEVICE_PATH = re.compile(r"/dev/video\d{1,3}", re.ASCII)  # on Linux
_ADDRESS = re.compile(r"webcam://([^?]*)(?:\?(.*))?", re.IGNORECASE | re.DOTALL)
_NUMBER = re.compile(r"\d{1,2}", re.ASCII)
_PIXELS = re.compile(r"\d{1,4}", re.ASCII)
_RATE = re.compile(r"[1-9]\d{0,2}(\.\d{1,3})?", re.ASCII)


class Device(Protocol):
    """A device as listed by ``av.enumerate_input_devices``."""

    name: str
    description: str
    media_types: list[str]


ListDevices = Callable[[str], Sequence[Device]]


@dataclass(frozen=True, slots=True)
class WebcamInput:
    """Arguments of ``av.open``."""

    url: str
    format: str
    options: dict[str, str]


@dataclass(frozen=True, slots=True)
class Webcam:
    """A webcam by number (from 0), by name, or on Linux by its path ``/dev/videoN``."""

    device: int | str
    video_size: str = ""
    fps: str = ""

    @classmethod
    def parse(cls, address: str) -> Webcam:
        """Parse ``webcam://DEVICE?width=&height=&fps=`` or ``/dev/videoN``. Raises SourceError."""
        parts = _ADDRESS.fullmatch(address)
        if parts is None:
            return cls(address)
        device = unquote(parts[1]).strip("/ ")
        if not device:
            raise SourceError(f"{address} names no webcam", hint=f"Write {FORM}.")
        if ":" in device:  # FFmpeg would take what follows as a microphone
            raise SourceError(
                f"the webcam's name '{device}' has a colon", hint="Use its number instead."
            )
        wanted = _size_and_rate(parts[2] or "")
        return cls(int(device) if _NUMBER.fullmatch(device) else device, *wanted)

    @property
    def name(self) -> str:
        """A name for the camera: ``webcam-N``, the device's name, or the end of its path."""
        number = isinstance(self.device, int)
        return f"webcam-{self.device}" if number else str(self.device).rpartition("/")[2]


def webcam_input(webcam: Webcam, platform: str, list_devices: ListDevices) -> WebcamInput:
    """Return FFmpeg's input for a webcam on ``platform`` (a value of ``sys.platform``).

    ``list_devices`` returns the devices of a format. It is called only where FFmpeg cannot find
    them itself: by name on Linux, by number on Windows. Raises SourceError.
    """
    options = {"video_size": webcam.video_size, "framerate": webcam.fps}
    if platform == "win32":
        url, name = _directshow(webcam.device, list_devices), "dshow"
        options["rtbufsize"] = DSHOW_BUFFER_BYTES
    elif platform == "darwin":
        _refuse_path(webcam.device)
        url, name = f"{webcam.device}:none", "avfoundation"  # video:audio
        options["framerate"] = webcam.fps or MACOS_FPS
    else:
        url, name = _video4linux(webcam.device, list_devices), "video4linux2"
    return WebcamInput(url, name, {key: value for key, value in options.items() if value})


def _video4linux(device: int | str, list_devices: ListDevices) -> str:
    if isinstance(device, int):
        return f"/dev/video{device}"
    if device.startswith("/dev/"):
        return device
    known = list_devices("video4linux2")
    for each in known:
        if each.description == device:
            return each.name
    raise _no_such_webcam(device, known)


def _directshow(device: int | str, list_devices: ListDevices) -> str:
    _refuse_path(device)
    if isinstance(device, str):
        return f"video={device}"
    known = [each for each in list_devices("dshow") if "video" in each.media_types]
    if device >= len(known):
        raise _no_such_webcam(device, known)
    return f"video={known[device].name}"


def _no_such_webcam(device: int | str, known: Sequence[Device]) -> SourceError:
    names = ", ".join(each.description for each in known)
    return SourceNotFoundError(
        f"there is no webcam '{device}'",
        hint=f"There are: {names}." if names else "No webcam is connected.",
    )


def _refuse_path(device: int | str) -> None:
    if str(device).startswith("/dev/"):
        raise SourceNotFoundError(
            f"{device} is the name of a webcam on Linux only", hint=f"Write {FORM}."
        )


def _size_and_rate(query: str) -> tuple[str, str]:
    try:
        given = dict(parse_qsl(query, keep_blank_values=True, max_num_fields=8))
    except ValueError:
        raise SourceError("a webcam has no more than 3 parameters", hint=f"Write {FORM}.") from None
    width, height, fps = (given.pop(name, "") for name in ("width", "height", "fps"))
    if given:
        raise SourceError(f"a webcam has no '{next(iter(given))}'", hint=f"Write {FORM}.")
    if fps and not _RATE.fullmatch(fps):
        raise SourceError(f"fps is '{fps}'", hint="Write a number such as 30 or 29.97.")
    if not width and not height:
        return "", fps
    if not all(_PIXELS.fullmatch(px) and 0 < int(px) <= MAX_SIZE_PX for px in (width, height)):
        raise SourceError(
            f"a webcam's size is width and height, 1 to {MAX_SIZE_PX}", hint=f"Write {FORM}."
        )
    return f"{int(width)}x{int(height)}", fps
