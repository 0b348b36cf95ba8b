"""Opens local files for FFmpeg: regular files only, and below the allowed folders.

FFmpeg never opens a path itself. It reads from descriptors opened here, also what a playlist
refers to. Below an allowed folder every part of a path is opened without following links, so that
a file or folder replaced by a link after the check is found out. A FIFO, socket or device is
refused before it is opened: that could block, or act.
"""

from __future__ import annotations

import os
import stat
import weakref
from collections.abc import Sequence
from pathlib import Path

from streamlab.errors import SourceFormatError, SourceNotAllowedError
from streamlab.media.limits import SourceLimits

_READ = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_FILE = _READ | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_FOLDER = _READ | getattr(os, "O_DIRECTORY", 0)


class LocalFile:
    """An open file. It is closed with its last reference, if it was not before."""

    def __init__(self, name: str, descriptor: int) -> None:
        """Take over an open descriptor."""
        self.name = name
        self._descriptor = descriptor
        self._finalizer = weakref.finalize(self, os.close, descriptor)

    def read(self, size: int, /) -> bytes:
        """Return at most ``size`` bytes, b'' at the end."""
        return os.read(self._descriptor, size)

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Move to another position, and return it."""
        return os.lseek(self._descriptor, offset, whence)

    def seekable(self) -> bool:
        """Return True: only regular files are opened."""
        return True

    def tell(self) -> int:
        """Return the position, bytes."""
        return os.lseek(self._descriptor, 0, os.SEEK_CUR)

    def close(self) -> None:
        """Close the file."""
        self._finalizer()


def open_local(path: str, limits: SourceLimits | None) -> LocalFile:
    """Open a regular file for reading; ``limits``: None for an operator's own source.

    Raises SourceNotAllowedError if it is outside the folders of ``limits``, SourceFormatError if
    it is not a regular file, and OSError.
    """
    if limits is None:
        return LocalFile(path, _open_regular(path, path))
    place = limits.place_of(Path(path))
    if place is None:
        raise outside(path)
    folder, parts = place
    if os.open not in os.supports_dir_fd:
        return LocalFile(path, _open_resolved(path, folder.joinpath(*parts)))
    return LocalFile(path, _open_below(path, folder, parts))


def outside(path: str) -> SourceNotAllowedError:
    """Return the error for a file that is outside the allowed folders."""
    return SourceNotAllowedError(
        f"'{path}' is outside the allowed folders",
        hint="Start the server with --allow-folder DIR to add one.",
    )


def _open_below(path: str, folder: Path, parts: Sequence[str]) -> int:
    """Open a file below a folder without following any link in between."""
    if not parts:
        raise _not_a_file(path, is_folder=True)
    above = os.open(folder, _FOLDER)
    try:
        for part in parts[:-1]:
            try:
                below = os.open(part, _FOLDER | _NO_LINK, dir_fd=above)
            except NotADirectoryError:
                raise outside(path) from None
            os.close(above)
            above = below
        return _open_regular(path, parts[-1], above)
    finally:
        os.close(above)


def _open_resolved(path: str, resolved: Path) -> int:
    """Open a file where folders have no descriptors (Windows), and check where it is afterwards."""
    descriptor = _open_regular(path, str(resolved))
    try:
        if resolved.resolve() != resolved or not _is_same(descriptor, resolved):
            raise outside(path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _open_regular(path: str, name: str, folder: int | None = None) -> int:
    """Open a regular file; in a ``folder`` its name must not be a link."""
    follows = folder is None
    found = os.stat(name, dir_fd=folder, follow_symlinks=follows)
    if stat.S_ISLNK(found.st_mode):
        raise outside(path)
    _check_kind(found.st_mode, path)
    descriptor = os.open(name, _FILE if follows else _FILE | _NO_LINK, dir_fd=folder)
    try:
        _check_kind(os.fstat(descriptor).st_mode, path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _check_kind(mode: int, path: str) -> None:
    if not stat.S_ISREG(mode):
        raise _not_a_file(path, is_folder=stat.S_ISDIR(mode))


def _not_a_file(path: str, *, is_folder: bool) -> SourceFormatError:
    if is_folder:
        return SourceFormatError(f"{path} is a folder", hint="Name a video file in it.")
    return SourceFormatError(f"{path} is not a regular file", hint="Name a video file.")


def _is_same(descriptor: int, path: Path) -> bool:
    return os.path.samestat(os.fstat(descriptor), path.stat())
