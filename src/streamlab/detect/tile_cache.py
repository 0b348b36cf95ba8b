"""A cache of small images, bounded in bytes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVarTuple

from numpy.typing import NDArray

Ts = TypeVarTuple("Ts")
Tiles = tuple[NDArray[Any], NDArray[Any], NDArray[Any]]
MAX_BYTES = 2 << 20


class TileCache(Generic[*Ts]):
    """Keeps the planes that ``make`` returned, at most ``max_bytes``; the oldest go first.

    Any number of threads may ask; two that miss at once both make the image.
    """

    def __init__(self, make: Callable[[*Ts], Tiles], max_bytes: int = MAX_BYTES) -> None:
        self._make = make
        self._max_bytes = max_bytes
        self._kept: dict[tuple[*Ts], Tiles] = {}
        self._lock = threading.Lock()
        self.size_bytes = 0

    def __call__(self, *key: *Ts) -> Tiles:
        """Return the planes for these arguments of ``make``, which must be hashable."""
        tiles = self._kept.get(key)
        return self._add(key, self._make(*key)) if tiles is None else tiles

    def _add(self, key: tuple[*Ts], tiles: Tiles) -> Tiles:
        with self._lock:
            if self._kept.setdefault(key, tiles) is tiles:
                self.size_bytes += _size_bytes(tiles)
            while self.size_bytes > self._max_bytes:
                self.size_bytes -= _size_bytes(self._kept.pop(next(iter(self._kept))))
        return tiles


def _size_bytes(tiles: Tiles) -> int:
    return sum(tile.nbytes for tile in tiles)
