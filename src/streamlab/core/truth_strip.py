"""The truth strip: a frame number burned into the picture as 32 black and white cells.

Rules (wire protocol, "The truth strip"):

- the strip spans the whole width of the picture and the top ``1/22.5`` of its height;
- 32 equal cells, white (luma 235) for 1 and black (luma 16) for 0, most significant bit first;
- 24 bits of frame number, then an 8-bit checksum: the sum of its three bytes modulo 256;
- the channel cell lies directly below the first cell and has the same size: black in the raw
  channel, white in an annotated one.
"""

from __future__ import annotations

from collections.abc import Sequence

CELLS = 32
NUMBER_BITS = 24
WHITE_LUMA = 235
BLACK_LUMA = 16
THRESHOLD_LUMA = (WHITE_LUMA + BLACK_LUMA) // 2


def strip_height_px(height_px: int) -> int:
    """Return the height of the strip in a picture of ``height_px``, px (16 of 360)."""
    return max(1, round(height_px * 2 / 45))


def cell_bounds_px(cell: int, width_px: int) -> tuple[int, int]:
    """Return the columns ``[left, right)`` that a cell spans, px."""
    return round(cell * width_px / CELLS), round((cell + 1) * width_px / CELLS)


def checksum(number: int) -> int:
    """Return the sum of the number's three bytes modulo 256."""
    return sum(number.to_bytes(3, "big")) % 256


def strip_bits(number: int) -> list[bool]:
    """Return the 32 cells of a frame number (modulo 2**24), most significant bit first."""
    number %= 1 << NUMBER_BITS
    word = number << 8 | checksum(number)
    return [bool(word >> (CELLS - 1 - cell) & 1) for cell in range(CELLS)]


def strip_number(lumas: Sequence[float]) -> int | None:
    """Decode a frame number from cell lumas (0 to 255).

    Returns None if the checksum is wrong. Raises ValueError if there are not 32 lumas.
    """
    if len(lumas) != CELLS:
        raise ValueError(f"a truth strip must have {CELLS} cells, got {len(lumas)}")
    word = 0
    for luma in lumas:
        word = word << 1 | (luma > THRESHOLD_LUMA)
    number = word >> 8
    return number if checksum(number) == word & 0xFF else None
