"""A camera over HTTP whose stamps claim another rate than the one it really has.

`/mjpeg` sends bare JPEG pictures at `RATE`. `/stream.mkv` sends H.264 at `RATE` that is stamped
`CLAIMED_RATE`. `/live.m3u8` is HLS: every `SEGMENT_S` another segment of `RATE`, rightly stamped,
is there at once.
"""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

import av

from .videos import Recipe, add_stream, draw_picture, encode

RATE, CLAIMED_RATE = 10, 25
SEGMENT_S = 2
SEGMENTS = 40
LISTED = 3
MAX_FRAMES = 2000


class TimedCamera:
    """Serves on a free port of 127.0.0.1 until closed."""

    def __enter__(self) -> Self:
        self._segments = list(_segments())
        self._started_s = time.monotonic()
        self.closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, path: str) -> tuple[str, bytes]:
        """Return the content type and body of what is no endless stream."""
        if path == "/live.m3u8":
            return "application/vnd.apple.mpegurl", self._playlist()
        number = int(path.removeprefix("/segment").removesuffix(".ts"))
        return "video/mp2t", self._segments[number]

    def _playlist(self) -> bytes:
        newest = LISTED - 1 + int((time.monotonic() - self._started_s) / SEGMENT_S)
        first = min(newest, SEGMENTS - 1) - LISTED + 1
        lines = [
            "#EXTM3U",
            "#EXT-X-VERSION:3",
            f"#EXT-X-TARGETDURATION:{SEGMENT_S}",
            f"#EXT-X-MEDIA-SEQUENCE:{first}",
        ]
        for number in range(first, first + LISTED):
            lines += [f"#EXTINF:{SEGMENT_S:.3f},", f"segment{number}.ts"]
        return "\n".join([*lines, ""]).encode()


def _handler(camera: TimedCamera) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            try:
                if self.path == "/mjpeg":
                    self._stream("multipart/x-mixed-replace; boundary=frame", _jpegs())
                elif self.path == "/stream.mkv":
                    self._stream("video/x-matroska", _matroska())
                else:
                    self._whole(*camera.answer(self.path))
            except (BrokenPipeError, ConnectionResetError):
                pass

        def _whole(self, content_type: str, body: bytes) -> None:
            self._head(content_type)
            self.wfile.write(body)

        def _stream(self, content_type: str, parts: Iterator[bytes]) -> None:
            self._head(content_type)
            started_s = time.monotonic()
            for number, part in enumerate(parts):
                if camera.closing.wait(max(0.0, started_s + number / RATE - time.monotonic())):
                    return
                self.wfile.write(part)

        def _head(self, content_type: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.end_headers()

    return Handler


def _jpegs() -> Iterator[bytes]:
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 320, 180, "yuvj420p"
    encoder.time_base = Fraction(1, RATE)
    for number in range(MAX_FRAMES):
        frame = av.VideoFrame.from_ndarray(draw_picture(number, 320, 180), format="rgb24")
        packets = encoder.encode(frame.reformat(format="yuvj420p"))
        data = b"".join(map(bytes, packets))
        head = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(data)
        yield head + data + b"\r\n"


def _matroska() -> Iterator[bytes]:
    out = io.BytesIO()
    recipe = Recipe(rate=Fraction(CLAIMED_RATE), frames=MAX_FRAMES, gop=RATE)
    options = {"live": "1", "cluster_time_limit": "1", "flush_packets": "1"}
    with av.open(out, "w", format="matroska", options=options) as container:
        stream = add_stream(container, recipe)
        for packet in encode(stream, recipe):
            container.mux(packet)
            data = out.getvalue()
            out.seek(0)
            out.truncate()
            yield data


def _segments() -> Iterator[bytes]:
    frames = SEGMENT_S * RATE
    for number in range(SEGMENTS):
        recipe = Recipe(rate=Fraction(RATE), frames=frames, gop=frames, first=number * frames)
        out = io.BytesIO()
        with av.open(out, "w", format="mpegts") as container:
            stream = add_stream(container, recipe)
            for packet in encode(stream, recipe):
                assert packet.pts is not None
                assert packet.dts is not None
                packet.pts += recipe.first
                packet.dts += recipe.first
                container.mux(packet)
        yield out.getvalue()
