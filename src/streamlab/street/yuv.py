"""Converts RGB to limited-range BT.601, and halves planes for I420."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

LUMA_RANGE = (16, 235)
CHROMA_RANGE = (16, 240)
NEUTRAL_CHROMA = 128

# ITU-R BT.601-7, 2.5.3: rows Y, Cb, Cr; columns red, green, blue in 0..1.
_BT601 = np.array(
    [[65.481, 128.553, 24.966], [-37.797, -74.203, 112.0], [112.0, -93.786, -18.214]], np.float32
)
_OFFSETS = np.array([16, 128, 128], np.float32)


def to_yuv(
    rgb: NDArray[np.float32], cover: NDArray[np.float32] | float = 1.0
) -> NDArray[np.float32]:
    """Convert RGB (0-255, premultiplied by ``cover``) to Y, U, V, premultiplied likewise."""
    yuv = cv2.transform(rgb, _BT601 / 255)
    return np.asarray(yuv + _OFFSETS * cover, np.float32)


def halved(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the plane at half the width and height, each value the mean of four."""
    height, width = plane.shape[:2]
    halves = cv2.resize(plane, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    return np.asarray(halves, np.float32)
