"""A camera that sends MPEG-TS over UDP to whoever listens, or nobody; FFmpeg does the sending."""

from __future__ import annotations

import threading
import time
from fractions import Fraction
from types import TracebackType
from typing import Self

import av

from .rtsp_server import free_port
from .videos import Recipe, add_stream, encode

MAX_FRAMES = 3000
FORMATS = {"udp": "mpegts", "rtp": "rtp_mpegts"}


class UdpCamera:
    """Sends to a free port of `host`, until closed; with RTP if the scheme is `rtp`."""

    def __init__(self, host: str = "127.0.0.1", scheme: str = "udp", rate: int = 10) -> None:
        self.port = free_port()
        self.codec = "libx264"
        """The encoder; may change meanwhile, and the camera then starts over with the new one."""
        self.size_px = (320, 180)
        """May change meanwhile, too."""
        self.silent = False
        """Whether nothing is sent at the moment."""
        self._url = f"{scheme}://{host}:{self.port}?pkt_size=1316&localaddr=127.0.0.1"
        self._rate = rate
        self._format = FORMATS[scheme]
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._send, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._thread.join()

    def _send(self) -> None:
        while not self._closing.wait(0.02 if self.silent else 0):
            if not self.silent:
                self._send_stream(self.codec, self.size_px)

    def _send_stream(self, codec: str, size_px: tuple[int, int]) -> None:
        gop, (width, height) = self._rate // 2, size_px
        rate = Fraction(self._rate)
        recipe = Recipe(width, height, rate=rate, frames=MAX_FRAMES, gop=gop, codec=codec)
        started_s = time.monotonic()
        options = {"flush_packets": "1"}
        with av.open(self._url, "w", format=self._format, options=options) as container:
            packets = encode(add_stream(container, recipe), recipe)
            for number, packet in enumerate(packets):
                container.mux(packet)
                due_s = started_s + number / self._rate
                changed = self.silent or (self.codec, self.size_px) != (codec, size_px)
                if self._closing.wait(max(0.0, due_s - time.monotonic())) or changed:
                    return
