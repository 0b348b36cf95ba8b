"""Capture devices as FFmpeg's libavdevice has them: which is meant, and how it is read."""

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
    """Open a webcam of this machine, with time-outs to open and to read.

    Raises SourceError, FFmpegError and OSError.
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
    """Yield the packets of a stream, waiting for those of a camera that has none yet.

    ``check`` is called with every packet, also of other streams (sound may go on where pictures
    have stopped), and may raise to end it.

    FFmpeg's AVFoundation does not block: it answers EAGAIN until the next picture is there, and
    offers nothing to wait for. Raises BlockingIOError after 10 s of that.
    """
    asked_ns = now_ns()
    while True:
        try:
            for packet in container.demux():
                check()
                if packet.stream_index == stream.index:
                    yield cast("av.Packet[av.VideoStream]", packet)
                asked_ns = now_ns()
            return
        except IndexError:
            return  # so PyAV ends a container in which another stream appeared in mid-stream
        except BlockingIOError:
            check()
            if now_ns() - asked_ns > NO_PICTURE_NS:
                raise
            wait(POLL_S)
