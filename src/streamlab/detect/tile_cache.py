"""A cache of small images, bounded in bytes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar, TypeVarTuple

import numpy as np
from numpy.typing import NDArray

Tile = TypeVar("Tile", bound="NDArray[Any] | tuple[NDArray[Any], ...]")
Ts = TypeVarTuple("Ts")
MAX_BYTES = 2 << 20


class TileCache(Generic[Tile, *Ts]):
    """Caches the images that ``make`` returns, at most ``max_bytes``; evicts the oldest first.

    Thread-safe; two threads that miss at the same time both make the image.
    """

    def __init__(self, make: Callable[[*Ts], Tile], max_bytes: int = MAX_BYTES) -> None:
        self._make = make
        self._max_bytes = max_bytes
        self._kept: dict[tuple[*Ts], Tile] = {}
        self._lock = threading.Lock()
        self.size_bytes = 0

    def __call__(self, *key: *Ts) -> Tile:
        """Return the image for these arguments of ``make``, which must be hashable."""
        tile = self._kept.get(key)
        return self._add(key, self._make(*key)) if tile is None else tile

    def _add(self, key: tuple[*Ts], tile: Tile) -> Tile:
        with self._lock:
            if self._kept.setdefault(key, tile) is tile:
                self.size_bytes += _size_bytes(tile)
            while self.size_bytes > self._max_bytes:
                self.size_bytes -= _size_bytes(self._kept.pop(next(iter(self._kept))))
        return tile


def _size_bytes(tile: NDArray[Any] | tuple[NDArray[Any], ...]) -> int:
    planes = (tile,) if isinstance(tile, np.ndarray) else tile
    return sum(plane.nbytes for plane in planes)
