from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from streamlab.detect.tile_cache import TileCache


@given(sizes=st.lists(st.integers(0, 60)), max_bytes=st.integers(0, 200), repeats=st.integers(1, 2))
def test_a_cache_returns_what_was_made_and_stays_below_its_bound(
    sizes: list[int], max_bytes: int, repeats: int
) -> None:
    def make(number: int, size: int) -> tuple[NDArray[Any], ...]:
        plane = np.full(size, number, np.uint8)
        return plane, plane[: size // 2], plane[: size // 2]

    cache = TileCache(make, max_bytes)
    for number, size in enumerate(sizes):
        for _ in range(repeats):
            assert cache(number, size)[0].tolist() == [number] * size
        assert cache.size_bytes <= max_bytes


def test_the_oldest_go_first() -> None:
    made = []

    def make(number: int) -> tuple[NDArray[Any], ...]:
        made.append(number)
        return np.zeros(10), np.zeros(0), np.zeros(0)

    cache = TileCache(make, max_bytes=160)
    for number in (1, 2, 1, 3, 2, 3, 1):
        cache(number)
    assert made == [1, 2, 3, 1]


def test_single_images_are_counted_too() -> None:
    cache = TileCache(lambda size: np.zeros(size, np.uint8), max_bytes=100)
    cache(60)
    cache(50)
    assert cache.size_bytes == 50
