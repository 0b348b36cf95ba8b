"""The look of boxes: class colours in the picture's own colour space, and sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

BLACK_LUMA = 16
WHITE_LUMA = 235

# Bright hues, far from each other; that they are 11 keeps the common classes of COCO apart from
# person (0): handbag 26, skateboard 36, chair 56, table 60.
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
    """A colour in Y, U, V (BT.601, limited range), and the luma of text that reads well on it."""

    y: int
    u: int
    v: int
    ink: int


def to_yuv(red: int, green: int, blue: int) -> Colour:
    """Return an RGB colour (0-255 each) in limited-range YUV, after ITU-R BT.601."""
    luma = (0.299 * red + 0.587 * green + 0.114 * blue) / 255
    y = round(16 + 219 * luma)
    u = round(128 + 224 * (blue / 255 - luma) / 1.772)
    v = round(128 + 224 * (red / 255 - luma) / 1.402)
    return Colour(y, u, v, ink=BLACK_LUMA if luma > 0.45 else WHITE_LUMA)


PALETTE = tuple(to_yuv(rgb >> 16, rgb >> 8 & 0xFF, rgb & 0xFF) for rgb in _RGB)


def class_colour(class_id: int) -> Colour:
    """Return the colour of a class: always the same one for the same number."""
    return PALETTE[class_id % len(PALETTE)]


@dataclass(frozen=True, slots=True)
class Style:
    """Sizes that grow with the picture, px of Y."""

    line: int
    """Thickness of an outline, even."""
    label: int
    """Height of a label, even."""

    @classmethod
    def of_size(cls, width: int, height: int) -> Style:
        """Return the style for a picture: 2 px lines and 14 px labels at 640x360."""
        side = min(width, height)
        return cls(line=max(2, 2 * round(side / 540)), label=max(14, 2 * round(side / 76)))
