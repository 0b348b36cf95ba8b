"""Text as small luma pictures, drawn once and kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

# OpenCV 5 draws this face with the TrueType font it carries, OpenCV 4 with strokes.
_FACE = cv2.FONT_HERSHEY_SIMPLEX
_PX_PER_SCALE = 32.0
_BOLD = 2
# OpenCV 5 unpacks its font for each thread that writes: 6 MB for every camera.
_writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="text")


@lru_cache(maxsize=2048)
def text_luma(text: str, height_px: int, ink: int, ground: int) -> NDArray[np.uint8]:
    """Return a line of text as luma ``(height_px, width)``, read-only.

    ``height_px`` is that of the line; ``ink`` and ``ground`` are the lumas of letters and
    background. Texts of one height stand on one baseline, so they may be set side by side.
    """
    return _writer.submit(_write, text, height_px, ink, ground).result()


def _write(text: str, height_px: int, ink: int, ground: int) -> NDArray[np.uint8]:
    scale = height_px / _PX_PER_SCALE
    (width, _), _ = cv2.getTextSize(text, _FACE, scale, _BOLD)
    tile = np.full((height_px, width + 1), ground, np.uint8)
    baseline = round(height_px * 0.76)
    cv2.putText(tile, text, (0, baseline), _FACE, scale, (ink,), _BOLD, cv2.LINE_AA)
    tile.flags.writeable = False
    return tile
