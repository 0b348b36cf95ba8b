"""The style of boxes: class colours in the picture's colour space, and sizes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

BLACK_LUMA = 16
WHITE_LUMA = 235

# Bright, well separated hues.
_RGB = (
    0x12D694,  # mint
    0xFFB020,  # amber
    0x4DA3FF,  # sky blue
    0xFF5C7A,  # coral
    0xB4E043,  # lime
    0xB57BFF,  # violet
    0xFFE14D,  # yellow
    0xFF7A2E,  # orange
    0x2BD4E8,  # cyan
    0xFF6BD6,  # pink
    0x8C9BFF,  # periwinkle
)


class Colour(NamedTuple):
    """A colour in a picture's Y, U and V, and the luma of text that is legible on it."""

    y: int
    u: int
    v: int
    ink: int


# Weights of red and blue in luma, by matrix number (ITU-T H.273, table 4).
_SHARES = {1: (0.2126, 0.0722), 4: (0.30, 0.11), 7: (0.212, 0.087), 9: (0.2627, 0.0593)}
_BT601 = (0.299, 0.114)
# A polynomial hash of the name's bytes. With this base, people, vehicles, traffic lights, dogs,
# cats, chairs and bottles have eleven different colours.
_BASE, _MODULUS = 1836, 65_521


def to_yuv(red: int, green: int, blue: int, matrix: int = 6, *, full_range: bool = False) -> Colour:
    """Convert an RGB colour (0-255 each) to the YUV of a matrix, by default ITU-R BT.601."""
    of_red, of_blue = _SHARES.get(matrix, _BT601)
    luma = (of_red * red + (1 - of_red - of_blue) * green + of_blue * blue) / 255
    black, white, chroma = (0, 255, 255) if full_range else (BLACK_LUMA, WHITE_LUMA, 224)
    return Colour(
        round(black + (white - black) * luma),
        min(255, round(128 + chroma * (blue / 255 - luma) / 2 / (1 - of_blue))),
        min(255, round(128 + chroma * (red / 255 - luma) / 2 / (1 - of_red))),
        ink=black if luma > 0.45 else white,
    )


@cache
def palette(matrix: int, full_range: bool) -> tuple[Colour, ...]:
    """Return the class colours in the YUV of a matrix and range."""
    return tuple(
        to_yuv(rgb >> 16, rgb >> 8 & 0xFF, rgb & 0xFF, matrix, full_range=full_range)
        for rgb in _RGB
    )


PALETTE = palette(6, False)


@lru_cache(1024)
def colour_number(class_name: str) -> int:
    """Return the number of a class's colour; ``web/player/colours.js`` computes the same one."""
    number = 0
    for byte in class_name.encode(errors="replace"):
        number = (number * _BASE + byte) % _MODULUS
    return number % len(_RGB)


def class_colour(class_name: str, colours: tuple[Colour, ...] = PALETTE) -> Colour:
    """Return the colour of a class: the same one wherever the class has this name."""
    return colours[colour_number(class_name)]


@dataclass(frozen=True, slots=True)
class Style:
    """Sizes that scale with the picture, px of Y."""

    line: int
    """Thickness of an outline, even."""
    label: int
    """Height of a label, even."""

    @classmethod
    def of_size(cls, width: int, height: int) -> Style:
        """Return the style for a picture: 2 px lines and 14 px labels at 640x360."""
        side = min(width, height)
        return cls(line=max(2, 2 * round(side / 540)), label=max(14, 2 * round(side / 76)))
