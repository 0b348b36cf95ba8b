"""HTTP responses as files that FFmpeg reads from.

A source given over HTTP is fetched here instead of by FFmpeg: every host, also those of redirects
and of what a playlist refers to, is checked, and the address that was checked is the one connected
to. For an operator's own sources FFmpeg makes the requests.
"""

from __future__ import annotations

import io
import logging
import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from threading import Event, Timer

import httpx

from streamlab.errors import SourceNotAllowedError, SourceUnreachableError
from streamlab.media.http_get import HttpGet
from streamlab.media.references import Readable, References
from streamlab.media.spec import SourceSpec
from streamlab.media.status_errors import unreachable

log = logging.getLogger(__name__)
READ_TIMEOUT_S = 120.0
MAX_SKIP_BYTES = 1 << 18
"""Reading that much costs less than another request."""
_HTTP = re.compile("https?://", re.IGNORECASE)
_PLAYLIST = "mpegurl"


class HttpFile:
    """One file over HTTP. It can be read from any position if the server offers ranges."""

    def __init__(self, http: HttpGet, url: str = "") -> None:
        """Request the file. Raises SourceError."""
        self._http = http
        self._url = url
        self._response = http.open(url)
        self.name = _name_of(self._response)
        """Its address after redirects, without credentials; references are relative to it."""
        headers = self._response.headers
        self.is_playlist = _PLAYLIST in headers.get("Content-Type", "").lower()
        length = headers.get("Content-Length", "")
        has_ranges = headers.get("Accept-Ranges", "").lower() == "bytes"
        self._length = int(length) if has_ranges and re.fullmatch("[0-9]{1,18}", length) else None
        self._at = 0
        self._is_stopped = False
        self._rest = b""
        self._parts: Iterator[bytes] | None = self._response.iter_raw()

    def read(self, size: int = -1, /) -> bytes:
        """Return what has arrived, at most ``size`` bytes; b'' at the end. Raises SourceError."""
        if not self._rest:
            if self._parts is None:
                self._request(self._at)
            self._rest = self._next_part()
        size = len(self._rest) if size < 0 else size
        taken, self._rest = self._rest[:size], self._rest[size:]
        self._at += len(taken)
        return taken

    def seekable(self) -> bool:
        """Return True if the server offers ranges of the file."""
        return self._length is not None

    def tell(self) -> int:
        """Return the position, bytes."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move to another position; a distant one is requested when it is read."""
        assert self._length is not None
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._length}[whence]
        target = max(0, base + offset)
        while 0 < target - self._at <= MAX_SKIP_BYTES and self.read(target - self._at):
            pass
        if target != self._at:
            self._at, self._rest, self._parts = target, b"", None
        return target

    def stop(self) -> None:
        """End a read that waits. May be called from any thread."""
        self._is_stopped = True
        stream = self._response.extensions.get("network_stream")
        connection = stream.get_extra_info("socket") if stream is not None else None
        if connection is not None:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the response."""
        self._response.close()

    def _next_part(self) -> bytes:
        assert self._parts is not None
        with self._http.errors():
            try:
                part = next((part for part in self._parts if part), b"")
            except httpx.TransportError:
                if not self._is_stopped:
                    raise
                part = b""
            if self._is_stopped and not part:
                raise httpx.ReadTimeout("the read was ended")
            return part

    def _request(self, start: int) -> None:
        self._response.close()
        if self._length is not None and start >= self._length:
            self._parts = iter(())
            return
        self._response = self._http.open(self._url, start)
        if start and self._response.status_code != httpx.codes.PARTIAL_CONTENT:
            self._response.close()
            raise SourceUnreachableError(f"{self.name} offers ranges, but sends none")
        self._parts = self._response.iter_raw()


class HttpFiles(References):
    """The file of a source over HTTP, and what it refers to."""

    def __init__(self, spec: SourceSpec, timeout_s: float) -> None:
        """Request the file. Raises SourceError.

        ``timeout_s``: after that the opening ends, unless ``receive_opening`` was called, s.
        """
        super().__init__(self._open_reference)
        self._spec = spec
        self._http = HttpGet(spec, timeout_s, READ_TIMEOUT_S)
        self._stopped = Event()
        self._limit = Timer(timeout_s, self.stop)
        self._limit.daemon = True
        try:
            self.file = HttpFile(self._http)
        except BaseException:
            self._http.close()
            raise
        self._limit.start()

    def receive_opening(self) -> None:
        """Lift the limit of time: the source has given a picture."""
        self._limit.cancel()

    def stop(self) -> None:
        """End a read that waits, and open nothing more. May be called from any thread."""
        self._stopped.set()
        for file in (self.file, *self.files):
            if isinstance(file, HttpFile):
                file.stop()

    def close(self) -> None:
        """Close all connections."""
        self._limit.cancel()
        super().close()
        self.file.close()
        self._http.close()

    def _open_reference(self, url: str) -> Readable:
        if self._stopped.is_set():
            raise unreachable(self._spec, "it is not read any more")
        if not _HTTP.match(url):
            raise SourceNotAllowedError(
                f"{self._spec.display} refers to something other than HTTP",
                hint="Its playlist may name files on HTTP servers only, not encrypted ones.",
            )
        try:
            return HttpFile(self._http, url)
        except SourceUnreachableError as error:  # costs a segment, not the stream
            log.debug("a reference of %s failed: %s", self._spec.display, error)
            return io.BytesIO()


def _name_of(response: httpx.Response) -> str:
    url = response.request.url.copy_with(username=None, password=None, fragment=None)
    # FFmpeg knows playlists by their name, and takes one that ends in .jpg for a still image.
    return str(url) if url.path.lower().endswith((".m3u8", ".m3u")) else f"{url}#"
