"""Records what a stream delivers, without decoding or encoding.

A file is fragmented MP4: the init segment and the fragments after it. It can be played even if
the program is killed. Rules:

- a file starts at a keyframe; all channels count time from the same frame, so that a captured
  frame has the same time in every file;
- after a gap the file continues at the next keyframe, and its timestamps show the hole;
- another encoding, or a restarted camera, starts a new file: ``name-2.mp4``, or the next number
  without a file; no existing file is overwritten.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from streamlab.client.mp4 import rebase
from streamlab.core.time.timebase import TIMESCALE
from streamlab.errors import StreamlabError
from streamlab.protocol.parse import Connected, Event, Fragment, Init


class RecordError(StreamlabError, OSError):
    """The file cannot be written; what was written so far can be played."""


@dataclass(slots=True)
class RecordedFile:
    """A file and what was written to it so far."""

    path: Path
    channel: str
    start_pts: int
    end_pts: int
    frames: int = 0
    size_bytes: int = 0

    @property
    def seconds(self) -> float:
        """Playing time, holes included."""
        return (self.end_pts - self.start_pts) / TIMESCALE


class Recording:
    """Writes channels of one camera, each to separate files."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        """``paths``: channel -> its first file. Raises RecordError if one of them exists."""
        for path in paths.values():
            if path.is_file():
                raise RecordError(f"{path} already exists", hint="Choose another name.")
        self.files: list[RecordedFile] = []
        self._tracks = {channel: _Track(channel, path) for channel, path in paths.items()}
        self._origin_pts: int | None = None
        self._stream_id = ""

    def receive(self, event: Event) -> None:
        """Process the next event of the camera. Raises RecordError."""
        if isinstance(event, Connected) and event.stream_id != self._stream_id:
            self._stream_id, self._origin_pts = event.stream_id, None
            for track in self._tracks.values():
                track.restart()
        elif isinstance(event, Init) and event.channel in self._tracks:
            self._tracks[event.channel].receive_init(event)
        elif isinstance(event, Fragment) and event.channel in self._tracks:
            self._write(self._tracks[event.channel], event)

    def close(self) -> None:
        """Close the files."""
        for track in self._tracks.values():
            track.close()

    def _write(self, track: _Track, fragment: Fragment) -> None:
        if self._origin_pts is None and fragment.keyframe:
            self._origin_pts = fragment.pts
        if self._origin_pts is None or fragment.pts < self._origin_pts:
            return
        opened = track.receive_fragment(fragment, self._origin_pts)
        if opened is not None:
            self.files.append(opened)


class _Track:
    """Writes the successive files of one channel."""

    def __init__(self, channel: str, path: Path) -> None:
        self._channel = channel
        self._path = path
        self._init: Init | None = None
        self._files = 0
        self._next_pts = 0
        self._told: RecordedFile | None = None
        self._file: FileIO | None = None

    def restart(self) -> None:
        """Close the file and prepare for a new timeline."""
        self.close()
        self._next_pts = 0

    def receive_init(self, init: Init) -> None:
        if self._init is not None and init.data != self._init.data:
            self.close()
        self._init = init

    def receive_fragment(self, fragment: Fragment, origin_pts: int) -> RecordedFile | None:
        """Write the fragment; return the file that was opened for it, if any."""
        if self._init is None or fragment.pts < self._next_pts:
            return None  # a switch sends the newest GOP again
        opened = None
        if self._told is None:
            if not fragment.keyframe:
                return None
            opened = self._told = self._open(self._init, fragment)
        self._append(self._told, rebase(fragment.data, origin_pts))
        self._told.frames += len(fragment.frames)
        self._told.end_pts = fragment.pts + fragment.duration
        self._next_pts = fragment.pts + 1
        return opened

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = self._told = None

    def _open(self, init: Init, fragment: Fragment) -> RecordedFile:
        path = self._next_path()
        told = RecordedFile(path, self._channel, fragment.pts, fragment.pts)
        try:
            self._file = FileIO(path, "w")
        except OSError as error:
            raise _record_error(path, error) from error
        self._append(told, init.data)
        return told

    def _next_path(self) -> Path:
        while True:
            self._files += 1
            number = "" if self._files == 1 else f"-{self._files}"
            path = self._path.with_stem(f"{self._path.stem}{number}")
            if not path.is_file():
                return path

    def _append(self, told: RecordedFile, data: bytes) -> None:
        """Write all of ``data``, or restore the previous file size and raise RecordError."""
        assert self._file is not None
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            with suppress(OSError):
                self._file.truncate(told.size_bytes)
            self.close()
            raise _record_error(told.path, error) from error
        told.size_bytes += len(data)


def _record_error(path: Path, error: OSError) -> RecordError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    hint = "The disk is full; what was recorded so far can be played." if full else ""
    return RecordError(f"cannot write {path}: {error.strerror or error}", hint=hint)
