"""What a demuxer reads: the input itself, and what a playlist refers to.

Both are file objects opened by streamlab, which checks each of them. Only the first error of an
input reaches PyAV, which raises one when a call of FFmpeg returns and prints all others, with
their tracebacks, past the log. FFmpeg tries a read again as often as what it has read suggests.
"""

from __future__ import annotations

import io
import threading
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol
from urllib.parse import unquote
from weakref import WeakSet

from streamlab.errors import SourceFormatError, SourceNotAllowedError
from streamlab.media.limits import SourceLimits
from streamlab.media.local_files import open_local

_PLAYLIST = b"#EXTM3U"


class Readable(Protocol):
    """A file that FFmpeg reads from."""

    def read(self, size: int, /) -> bytes | None:
        """Return at most ``size`` bytes, b'' at the end."""
        ...

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move to another position, and return it."""
        ...

    def tell(self) -> int:
        """Return the position, bytes."""
        ...

    def seekable(self) -> bool:
        """Return True if ``seek`` works."""
        ...

    def close(self) -> None:
        """Release it."""
        ...


class FirstError:
    """Remembers that an input has raised an error."""

    def __init__(self) -> None:
        self.is_raised = False

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Note an error of the body, which is raised."""
        try:
            yield
        except BaseException:
            self.is_raised = True
            raise


class PlaylistText:
    """Checks the text of a file that is read from its start, if it is a playlist."""

    def __init__(self, at: int = 0) -> None:
        self._head = b"" if at == 0 else None
        self._decoder = getincrementaldecoder("utf-8")()

    def check(self, data: bytes) -> None:
        """Raise SourceFormatError if these bytes, which come next, cannot be of a playlist."""
        if self._head is None:
            return
        self._head = (self._head + data)[: len(_PLAYLIST)]
        if not _PLAYLIST.startswith(self._head):
            self._head = None
            return
        try:
            self._decoder.decode(data)
        except UnicodeDecodeError:
            raise SourceFormatError(
                "the playlist is not UTF-8", hint="Save it as UTF-8, and its file names too."
            ) from None


class FfmpegFile:
    """A file as it is given to FFmpeg: at its end, once the input has raised an error.

    A playlist must be UTF-8 (RFC 8216, 4.1): PyAV decodes what it refers to, and raises for each.
    """

    def __init__(self, file: Readable, error: FirstError) -> None:
        self._file = file
        self._error = error
        self._text = PlaylistText()
        self.close = file.close

    @property
    def name(self) -> str:
        """The name by which FFmpeg tells formats apart; '' for one that has none."""
        return str(getattr(self._file, "name", ""))

    def read(self, size: int, /) -> bytes:
        """Return at most ``size`` bytes, b'' at the end. Raises SourceError and OSError once."""
        if self._error.is_raised:
            return b""
        with self._error.noted():
            data = self._file.read(size) or b""
            self._text.check(data)
            return data

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move to another position, and return it. Raises SourceError and OSError once."""
        if self._error.is_raised:
            return self._file.tell()
        with self._error.noted():
            at = self._file.seek(offset, whence)
            self._text = PlaylistText(at)
            return at

    def seekable(self) -> bool:
        """Return True if ``seek`` works."""
        return self._file.seekable()

    def tell(self) -> int:
        """Return the position, bytes."""
        return self._file.tell()


class References:
    """Opens the references of one input; ``open`` is what PyAV calls ``io_open``."""

    def __init__(self, open_reference: Callable[[str], Readable]) -> None:
        self._open = open_reference
        self._error = FirstError()
        self._files: WeakSet[Readable] = WeakSet()
        self._lock = threading.Lock()

    def open(self, url: str, flags: int = 0, options: object = None) -> FfmpegFile:  # noqa: ARG002
        """Open a reference. Raises SourceError and OSError once; then there is nothing in any."""
        if self._error.is_raised:
            return self.add(io.BytesIO())
        with self._error.noted():
            return self.add(self._open(url))

    def add(self, file: Readable) -> FfmpegFile:
        """Return a file for FFmpeg, which is closed when the input is closed."""
        with self._lock:
            self._files.add(file)
        return FfmpegFile(file, self._error)

    @property
    def files(self) -> list[Readable]:
        """What is open. Thread-safe."""
        with self._lock:
            return list(self._files)

    def stop(self) -> None:
        """End a read that waits; those of local files never do."""

    def receive_opening(self) -> None:
        """Lift the limits of an opening: the source has given a picture."""

    def close(self) -> None:
        """Close what is still open."""
        with self._lock:
            files, self._files = list(self._files), WeakSet()
        for file in files:
            file.close()


def local_references(limits: SourceLimits | None) -> References:
    """Return the references of a local file: other local files, as far as ``limits`` allow."""

    def open_reference(url: str) -> Readable:
        scheme, colon, rest = url.partition(":")
        if colon and scheme.lower() == "file":
            path = unquote(rest.removeprefix("//")) if rest.startswith("//") else rest
            return open_local(path, limits)
        if colon and len(scheme) > 1 and "/" not in scheme:
            raise SourceNotAllowedError(
                "the file refers to something that is not a file",
                hint="A playlist in a file may name files only.",
            )
        return open_local(url, limits)

    return References(open_reference)
