"""Display matrices: how to rotate and mirror a stored picture so that it is shown upright.

The matrix is that of ISO/IEC 14496-12, 8.3.2.3, in the form that FFmpeg returns
(libavutil/display.h): nine 32-bit integers ``a b u c d v x y w`` in native byte order. It maps the
point ``(x, y)``, x to the right and y down, to ``(a x + c y, b x + d y)``.
"""

from __future__ import annotations

import struct
from enum import Enum

from streamlab.errors import SourceFormatError

_SIZE_BYTES = 36
_MAX_SKEW = 0.02  # relative to the largest element: about one degree


class Orientation(Enum):
    """The eight orientations of a rectangle on the pixel grid: ``(a, b, c, d)``."""

    UPRIGHT = (1, 0, 0, 1)
    TURNED_RIGHT = (0, 1, -1, 0)
    TURNED_OVER = (-1, 0, 0, -1)
    TURNED_LEFT = (0, -1, 1, 0)
    MIRRORED = (-1, 0, 0, 1)
    FLIPPED = (1, 0, 0, -1)
    TRANSPOSED = (0, 1, 1, 0)
    ANTITRANSPOSED = (0, -1, -1, 0)

    @property
    def swaps_sides(self) -> bool:
        """True if the stored width is shown as the height."""
        a, *_ = self.value
        return a == 0


def orientation_of(matrix: bytes) -> Orientation:
    """Return the transformation that shows the stored picture upright.

    A matrix of zeros carries no orientation and counts as upright.

    Raises:
        SourceFormatError: the matrix is not 36 bytes long, or rotates by an angle that is not a
            multiple of 90 degrees.
    """
    if len(matrix) != _SIZE_BYTES:
        raise SourceFormatError(f"the display matrix has {len(matrix)} bytes, not {_SIZE_BYTES}")
    a, b, _, c, d, *_ = struct.unpack("=9i", matrix)
    largest = max(map(abs, (a, b, c, d)))
    if largest == 0:
        return Orientation.UPRIGHT
    signs = tuple(0 if abs(v) <= _MAX_SKEW * largest else (v > 0) - (v < 0) for v in (a, b, c, d))
    try:
        return Orientation(signs)
    except ValueError:
        raise SourceFormatError(
            "the picture is not rotated by a multiple of 90 degrees",
            hint="Only 90, 180 and 270 degrees are supported, mirrored or not.",
        ) from None
