"""Shared memory between a detector and its clients: anonymous where the system can pass it on.

``memfd``: a descriptor, passed over a socket and sealed so that it cannot shrink: reading it never
fails, whatever the other end does. It has no name, and is gone with its last user.

``named``: where there is no ``memfd``. The owner removes the name once the other end has opened the
memory (``OwnMemory.remove_name``), and multiprocessing's resource tracker does if the owner has
died before that. Such memory cannot be sealed: the other end must be trusted not to shrink it.
"""

from __future__ import annotations

import mmap
import os
import re
import sys
import threading
from multiprocessing.shared_memory import SharedMemory
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from streamlab.processes.system import may_fork

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment,unused-ignore]

MemoryKind: TypeAlias = Literal["memfd", "named"]
MAX_NAME_CHARS = 64
_NAME = re.compile(r"(psm|wnsm)_[0-9a-f]{1,32}")  # what SharedMemory makes
_closing = threading.Lock()
_still_used: list[SharedMemory] = []
"""Closed by us, but a detector has kept a picture in it."""


def default_memory_kind() -> MemoryKind:
    """Return the better kind that this system has, if it may be used (``system.may_fork``)."""
    has_memfd = fcntl is not None and hasattr(os, "memfd_create")
    return "memfd" if has_memfd and may_fork() else "named"


class OwnMemory:
    """Shared memory that this process has made, and writes to.

    ``pixels`` is uint8 ``(size,)``; ``name`` is '' for ``memfd``.
    """

    def __init__(self, size: int, kind: MemoryKind) -> None:
        """Allocate ``size`` bytes. Raises OSError if the system has no more."""
        self.size = size
        self.name = ""
        self.descriptor: int | None = None
        self._named: SharedMemory | None = None
        if kind == "memfd":
            self.descriptor = _sealed_descriptor(size)
            self.pixels = _mapped(self.descriptor, size)
        else:
            self._named = SharedMemory(create=True, size=size)
            self.name = self._named.name.lstrip("/")
            self.pixels = _pixels_of(self._named, size)

    def remove_name(self) -> None:
        """Keep others from opening it; those who have may go on using it."""
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None
        if self._named is not None and self.name:
            self._named.unlink()
        self.name = ""

    def close(self) -> None:
        """Release it. ``pixels`` must not be used any more."""
        self.remove_name()
        self.pixels = np.empty(0, np.uint8)
        if self._named is not None:
            _close(self._named)
            self._named = None


class PeerMemory:
    """Shared memory that another process has made; ``pixels`` is uint8 ``(size,)``."""

    def __init__(self, size: int, name: str, descriptor: int | None) -> None:
        """Open it: by its descriptor, which is closed, else by its name.

        Raises ValueError or OSError if it is not what the other end says, or could shrink.
        """
        self._named: SharedMemory | None = None
        if descriptor is not None:
            try:
                _check_sealed(descriptor)
                self.pixels = _mapped(descriptor, size)
            finally:
                os.close(descriptor)
            return
        if not _NAME.fullmatch(name):
            raise ValueError("this is not the name of shared memory")
        self._named = SharedMemory(name=name)
        if self._named.size < size:
            self.close()
            raise ValueError("the shared memory is too small")
        self.pixels = _pixels_of(self._named, size)

    def close(self) -> None:
        """Release it, once no picture refers to it."""
        self.pixels = np.empty(0, np.uint8)
        if self._named is not None:
            _close(self._named)
            self._named = None


def _sealed_descriptor(size: int) -> int:
    if sys.platform == "linux" and fcntl is not None and hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("streamlab", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.ftruncate(descriptor, size)
            seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
            fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor
    raise OSError("this system has no memfd")


def _check_sealed(descriptor: int) -> None:
    if sys.platform == "linux" and not (
        fcntl.fcntl(descriptor, fcntl.F_GET_SEALS) & fcntl.F_SEAL_SHRINK
    ):
        raise ValueError("the shared memory could shrink")


def _mapped(descriptor: int, size: int) -> NDArray[np.uint8]:
    """Map the whole memory; it is unmapped with the last view of the array."""
    return np.frombuffer(mmap.mmap(descriptor, size), np.uint8)


def _pixels_of(memory: SharedMemory, size: int) -> NDArray[np.uint8]:
    assert memory.buf is not None
    return np.frombuffer(memory.buf, np.uint8, count=size)


def _close(memory: SharedMemory) -> None:
    """Close a memory, and those that were still in use when they should have been closed."""
    with _closing:
        _still_used.append(memory)
        _still_used[:] = [each for each in _still_used if not _is_closed(each)]


def _is_closed(memory: SharedMemory) -> bool:
    try:
        memory.close()
    except BufferError:
        return False
    return True
