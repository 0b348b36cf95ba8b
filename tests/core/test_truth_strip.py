from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.core.truth_strip import (
    BLACK_LUMA,
    CELLS,
    WHITE_LUMA,
    cell_bounds_px,
    strip_bits,
    strip_height_px,
    strip_number,
)


@given(st.integers(0, 2**24 - 1), st.integers(-90, 90))
def test_a_number_survives_pixels_that_are_off(number: int, error: int) -> None:
    lumas = [(WHITE_LUMA if bit else BLACK_LUMA) + error for bit in strip_bits(number)]
    assert strip_number(lumas) == number


@given(st.integers(0, 2**24 - 1), st.integers(0, CELLS - 1))
def test_one_wrong_cell_is_noticed(number: int, cell: int) -> None:
    lumas = [WHITE_LUMA if bit else BLACK_LUMA for bit in strip_bits(number)]
    lumas[cell] = WHITE_LUMA + BLACK_LUMA - lumas[cell]
    assert strip_number(lumas) is None


@given(st.integers(64, 4000))
def test_cells_cover_the_width_once(width: int) -> None:
    bounds = [cell_bounds_px(cell, width) for cell in range(CELLS)]
    assert bounds[0][0] == 0
    assert bounds[-1][1] == width
    assert all(a[1] == b[0] for a, b in pairwise(bounds))


def test_the_strip_is_16_rows_of_360() -> None:
    assert [strip_height_px(height) for height in (180, 360, 720, 1080)] == [8, 16, 32, 48]


def test_the_protocol_pages_example() -> None:
    assert strip_bits(2**24 + 1) == strip_bits(1) == [False] * 23 + [True] + [False] * 7 + [True]


def test_a_strip_has_32_cells() -> None:
    with pytest.raises(ValueError, match="32 cells"):
        strip_number([0.0])
