from __future__ import annotations

import struct
from contextlib import suppress
from math import cos, radians, sin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.core.mp4.display_matrix import Orientation, orientation_of
from streamlab.errors import SourceFormatError


def matrix(a: int, b: int, c: int, d: int) -> bytes:
    return struct.pack("=9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)


@pytest.mark.parametrize("orientation", Orientation)
def test_each_orientation_is_read_from_its_matrix(orientation: Orientation) -> None:
    a, b, c, d = (value << 16 for value in orientation.value)
    assert orientation_of(matrix(a, b, c, d)) is orientation


def test_a_matrix_of_zeros_is_upright() -> None:
    assert orientation_of(bytes(36)) is Orientation.UPRIGHT


def test_rounding_errors_of_a_writer_do_not_matter() -> None:
    angle = radians(90.3)
    a, b = round(cos(angle) * 65536), round(sin(angle) * 65536)
    assert orientation_of(matrix(a, b, -b, a)) is Orientation.TURNED_RIGHT


def test_other_angles_are_refused() -> None:
    with pytest.raises(SourceFormatError, match="multiple of 90"):
        orientation_of(matrix(46341, 46341, -46341, 46341))


@given(st.binary(max_size=80) | st.binary(min_size=36, max_size=36))
def test_arbitrary_bytes_raise_nothing_but_the_documented_error(data: bytes) -> None:
    with suppress(SourceFormatError):
        assert orientation_of(data) in Orientation
