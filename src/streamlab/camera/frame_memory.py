"""Bounds the memory of captured frames that have not left their stages yet, in bytes.

A frame counts from its capture until nothing refers to its picture any more: while it waits in a
mailbox, for its boxes, or at the detector. All channels of a camera share one picture.

A camera may always have one frame in its stages, and its share of half of ``TOTAL_BYTES``; more,
up to ``CAMERA_BYTES``, while the other half has room. What its detector and injected faults hold
counts too: beside ``CAMERA_BYTES`` of that, no frame enters empty stages either.
"""

from __future__ import annotations

import threading
from collections import deque
from weakref import WeakSet, finalize

from streamlab.media.picture import Picture

CAMERA_BYTES = 256 << 20
TOTAL_BYTES = 2 << 30
MIN_FRAMES = 4
"""That a camera may have whatever their size: in its stages, at the detector, and before it."""
WAITING_BYTES = CAMERA_BYTES // 2
"""Of frames that wait for the boxes of one channel: the oldest leaves before the camera drops."""


def bytes_of(picture: Picture) -> int:
    """Return the size of a picture's pixels, bytes."""
    return picture.width * picture.height * 3 // 2


def frames_that_wait(picture: Picture, most: int) -> int:
    """Return how many frames of this size may wait for their boxes: 1 to ``most``."""
    return max(1, min(most, WAITING_BYTES // bytes_of(picture)))


class _Used:
    """Counts bytes. ``give`` never blocks: it runs wherever the last reference is dropped."""

    def __init__(self) -> None:
        self._taken = 0
        self._given: deque[int] = deque()

    def take(self, size: int) -> None:
        self._taken += size

    def give(self, size: int) -> None:
        self._given.append(size)

    def count(self) -> int:
        """Return the bytes in use. Call it, and ``take``, from one thread at a time."""
        while self._given:
            self._taken -= self._given.popleft()
        return self._taken


class FrameMemory:
    """The memory that several cameras share."""

    def __init__(self, total_bytes: int = TOTAL_BYTES, camera_bytes: int = CAMERA_BYTES) -> None:
        self.common_bytes = total_bytes // 2
        self.camera_bytes = camera_bytes
        self.lock = threading.Lock()
        self.used = _Used()
        self.cameras: WeakSet[CameraMemory] = WeakSet()


class CameraMemory:
    """The part of ``shared`` that one camera uses."""

    def __init__(self, shared: FrameMemory | None = None) -> None:
        self._shared = _process_memory if shared is None else shared
        self._used = _Used()
        with self._shared.lock:
            self._shared.cameras.add(self)

    def take(self, picture: Picture, *, must_fit: bool = True) -> bool:
        """Count a new frame until its picture is freed; return False if there is no room.

        ``must_fit`` False: the stages are empty, so that only the bound of the camera holds.
        """
        size, shared = bytes_of(picture), self._shared
        with shared.lock:
            if not (self._has_room(size) if must_fit else self._may_begin(size)):
                return False
            self._used.take(size)
            shared.used.take(size)
        finalize(picture, self._give, size).atexit = False
        return True

    @property
    def used_bytes(self) -> int:
        """What the camera's frames use now."""
        with self._shared.lock:
            return self._used.count()

    def _may_begin(self, size: int) -> bool:
        return self._used.count() + size <= max(self._shared.camera_bytes, MIN_FRAMES * size)

    def _has_room(self, size: int) -> bool:
        own, shared = self._used.count() + size, self._shared
        share = shared.common_bytes // max(1, len(shared.cameras))
        is_free = own <= share or shared.used.count() + size <= shared.common_bytes
        return own <= shared.camera_bytes and is_free

    def _give(self, size: int) -> None:
        self._used.give(size)
        self._shared.used.give(size)


_process_memory = FrameMemory()
