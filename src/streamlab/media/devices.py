"""Opens capture devices through FFmpeg's libavdevice, and reads packets from any container."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, cast

import av

from streamlab.clock import monotonic_ns
from streamlab.core.time.timebase import NS_PER_S
from streamlab.errors import SourceError
from streamlab.media.webcam import Webcam, webcam_input

if TYPE_CHECKING:
    from av.container import InputContainer

POLL_S = 0.005
NO_PICTURE_NS = 10 * NS_PER_S


def open_webcam(address: str, timeout_s: tuple[float, float]) -> InputContainer:
    """Open a webcam of this machine.

    ``timeout_s``: to open and to read, s. Raises SourceError, FFmpegError and OSError.
    """
    found = webcam_input(Webcam.parse(address), sys.platform, av.enumerate_input_devices)
    try:
        av.ContainerFormat(found.format, "r")
    except ValueError as error:
        raise SourceError(
            f"{address} cannot be opened: this FFmpeg was built without {found.format}",
            hint="The wheels of PyAV have it: pip install av.",
        ) from error
    return av.open(found.url, format=found.format, options=found.options, timeout=timeout_s)


def read_packets(
    container: InputContainer,
    stream: av.VideoStream,
    check: Callable[[], None] = lambda: None,
    wait: Callable[[float], None] = time.sleep,
    now_ns: Callable[[], int] = monotonic_ns,
) -> Iterator[av.Packet[av.VideoStream]]:
    """Yield the packets of a stream, polling a camera that has none yet.

    ``check`` is called for every packet, also those of other streams (sound may go on after video
    has stopped), and on every poll. It may raise to end the reading.

    FFmpeg's AVFoundation does not block: it returns EAGAIN until the next frame is available, and
    offers nothing to wait on. Raises BlockingIOError after 10 s of that.
    """
    asked_ns = now_ns()
    while True:
        try:
            for packet in container.demux():
                check()
                # Not `stream_index`, which is 0 in the packets that end each stream.
                if packet.stream.index == stream.index:
                    yield cast("av.Packet[av.VideoStream]", packet)
                asked_ns = now_ns()
            return
        except IndexError:
            return  # how PyAV ends a container in which another stream appeared midway
        except BlockingIOError:
            check()
            if now_ns() - asked_ns > NO_PICTURE_NS:
                raise
            wait(POLL_S)
