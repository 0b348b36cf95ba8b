"""A camera over HTTP that can be told to misbehave.

| path | answer |
|---|---|
| `/snapshot.jpg` | one JPEG, the next picture at every request |
| `/mjpeg?fps=5&frames=N` | multipart JPEG; after N pictures it says no more, but stays connected |
| `/sound?frames=N` | MPEG-TS in real time: after N pictures there is only sound |
| `/jpegs?fps=5` | JPEGs one after the other, without multipart |
| `/file/NAME` | one of `files`, chunked: without a length, ranges or pauses |
| `/endless.jpg` | a JPEG that never ends |
| `/text` | a page of text |
| `/status/NNN` | that status |
| `/moved/PATH` | a redirect to `/PATH` |
| `/silent` | nothing, ever |

Any query is accepted. Connections are kept open between requests.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import itertools
import re
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import parse_qs, urlsplit

import av
from av.error import FFmpegError

from . import sound_camera
from .videos import draw_picture

REALM, NONCE = "camera", "c0ffee"
MULTIPART = "multipart/x-mixed-replace; boundary=frame"
CHUNK_BYTES = 16_384
_FIELD = re.compile(r'(\w+)="?([^",]*)"?')


@dataclass(slots=True)
class HttpCamera:
    """Serves on a free port of 127.0.0.1; a context manager. Its fields may change meanwhile."""

    auth: Literal["none", "basic", "digest"] = "none"
    user: str = "admin"
    password: str = "se#c/ret"
    files: dict[str, Path] = field(default_factory=dict)
    size_px: tuple[int, int] = (320, 180)
    status: int | None = None
    """What every path answers, if set."""
    silent: bool = False
    """Whether no path answers any more."""
    bodies: list[bytes] = field(default_factory=list)
    """What `/snapshot.jpg` answers next in place of pictures."""
    elsewhere: str = ""
    """Where every path redirects to, if set."""
    paths: list[str] = field(default_factory=list)
    """What was asked for and let in, in order, with the queries."""
    asked_s: list[float] = field(default_factory=list)
    """When, by the monotonic clock."""
    connections: int = 0
    refused: int = 0
    """How many requests came without the right user name and password."""
    closing: threading.Event = field(default_factory=threading.Event)
    _server: ThreadingHTTPServer | None = None

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def host(self) -> str:
        """Host and port."""
        assert self._server is not None
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def lets_in(self, header: str | None, method: str, path: str) -> bool:
        if self.auth == "none":
            return True
        if self.auth == "basic":
            known = base64.b64encode(f"{self.user}:{self.password}".encode())
            return header == f"Basic {known.decode()}"
        said = dict(_FIELD.findall(header or ""))
        return said.get("uri") == path and said.get("response") == self._digest(said, method)

    def challenge(self) -> str:
        if self.auth == "basic":
            return f'Basic realm="{REALM}"'
        return f'Digest realm="{REALM}", nonce="{NONCE}", qop="auth", algorithm=MD5'

    def _digest(self, said: dict[str, str], method: str) -> str:
        """Return the response that RFC 7616, 3.4.1, asks for."""
        who = _md5(f"{self.user}:{REALM}:{self.password}")
        what = _md5(f"{method}:{said['uri']}")
        asked = (said.get(name, "") for name in ("nc", "cnonce", "qop"))
        return _md5(":".join((who, NONCE, *asked, what)))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError | FFmpegError):  # the reader has gone
            super().handle_error(request, client_address)


def _handler(camera: HttpCamera) -> type[BaseHTTPRequestHandler]:
    numbers = itertools.count()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            camera.connections += 1

        def log_message(self, *_: object) -> None:
            """Log nothing."""

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            if not camera.lets_in(self.headers.get("Authorization"), self.command, self.path):
                camera.refused += 1
                return self._answer(401, {"WWW-Authenticate": camera.challenge()})
            camera.paths.append(self.path)
            camera.asked_s.append(time.monotonic())
            if camera.silent or url.path == "/silent":
                camera.closing.wait()
            elif camera.status is not None:
                self._answer(camera.status)
            elif camera.elsewhere:
                self._answer(302, {"Location": camera.elsewhere})
            else:
                self._dispatch(url.path, dict(parse_qs(url.query)))
            return None

        def _dispatch(self, path: str, query: dict[str, list[str]]) -> None:
            _, first, *rest = path.split("/", 2)
            name = rest[0] if rest else ""
            fps = float(query.get("fps", ["5"])[-1])
            frames = int(query.get("frames", ["1000000"])[-1])
            if first == "snapshot.jpg":
                picture = camera.bodies.pop(0) if camera.bodies else _next_picture()
                self._answer(200, {"Content-Type": "image/jpeg"}, picture)
            elif first == "mjpeg":
                self._stream(MULTIPART, paced(map(_part, pictures()), fps, frames))
            elif first == "sound":
                self._head("video/mp2t")
                sound_camera.send(self.wfile, frames, camera.closing)
            elif first == "jpegs":
                self._stream("image/jpeg", paced(pictures(), fps, frames))
            elif first == "file" and name in camera.files:
                data = camera.files[name].read_bytes()
                starts = range(0, len(data), CHUNK_BYTES)
                self._chunked(data[at : at + CHUNK_BYTES] for at in starts)
            elif first == "endless.jpg":
                self._stream("image/jpeg", itertools.repeat(_next_picture()[:-2]))
            elif first == "text":
                self._answer(200, {"Content-Type": "text/html"}, b"<p>Not a video.</p>\n" * 50)
            elif first == "status":
                self._answer(int(name))
            elif first == "moved":
                self._answer(302, {"Location": f"/{name}"})
            else:
                self._answer(404)

        def _answer(
            self, status: int, headers: dict[str, str] | None = None, body: bytes = b""
        ) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _stream(self, content_type: str, parts: Iterable[bytes]) -> None:
            """Send until the camera closes or the reader has gone."""
            self._head(content_type)
            for part in parts:
                if camera.closing.is_set():
                    return
                self.wfile.write(part)
            camera.closing.wait()

        def _head(self, content_type: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.send_header("Connection", "close")
            self.end_headers()

        def _chunked(self, parts: Iterable[bytes]) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/octet-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for part in parts:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
            self.wfile.write(b"0\r\n\r\n")

    def paced(parts: Iterable[bytes], fps: float, frames: int) -> Iterator[bytes]:
        started_s = time.monotonic()
        for number, part in enumerate(itertools.islice(parts, frames)):
            camera.closing.wait(max(0.0, started_s + number / fps - time.monotonic()))
            yield part

    def pictures() -> Iterator[bytes]:
        return (jpeg(number, *camera.size_px) for number in itertools.count())

    def _next_picture() -> bytes:
        return jpeg(next(numbers), *camera.size_px)

    return Handler


@functools.lru_cache(maxsize=256)
def jpeg(number: int, width: int = 320, height: int = 180) -> bytes:
    """Return a JPEG of the picture of that number, full range as JPEG has it."""
    encoder = av.CodecContext.create("mjpeg", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuvj420p"
    encoder.time_base = Fraction(1, 25)
    frame = av.VideoFrame.from_ndarray(draw_picture(number, width, height), format="rgb24")
    packets = encoder.encode(frame.reformat(format="yuvj420p"))
    return b"".join(map(bytes, (*packets, *encoder.encode(None))))


def _part(picture: bytes) -> bytes:
    head = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(picture)
    return head + picture + b"\r\n"


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
