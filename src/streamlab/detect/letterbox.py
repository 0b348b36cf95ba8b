"""Letterboxing: how a picture is fitted into the input of a YOLO model.

Rules, those of ``ultralytics.data.augment.LetterBox`` and ``ultralytics.utils.ops.scale_boxes``:

- the picture is scaled by one gain for both axes, up or down, until it fits into the input;
- what is left is split evenly around it, an odd pixel going to the right and to the bottom,
  and is grey (114);
- an input of dynamic size shrinks until less than one stride is left on either axis.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

GREY = 114


@dataclass(frozen=True, slots=True)
class Letterbox:
    """The place of a picture in a model's input. All sizes are ``(width, height)``, px."""

    picture_size: tuple[int, int]
    input_size: tuple[int, int]
    scaled_size: tuple[int, int]
    """Size of the scaled picture, without the grey."""
    offset: tuple[int, int]
    """Where the scaled picture's upper left corner lies in the input."""
    gain: float
    """Px of the input per px of the picture."""

    def fill(self, rgb: NDArray[np.uint8], tensor: NDArray[np.floating]) -> None:
        """Scale ``rgb`` ``(height, width, 3)`` into ``tensor`` ``(3, height, width)``, 0..1."""
        if self.scaled_size != self.picture_size:
            rgb = _resize(rgb, self.scaled_size)
        (left, top), (width, height) = self.offset, self.scaled_size
        tensor[:] = np.float32(GREY) / np.float32(255)
        inside = tensor[:, top : top + height, left : left + width]
        for channel, plane in zip(inside, cv2.split(rgb), strict=True):
            np.divide(plane, np.float32(255), out=channel, casting="same_kind")

    def restore(self, xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return boxes ``(n, 4)`` in px of the picture, clipped to it, from px of the input."""
        left, top = self.offset
        boxes = (xyxy - np.array([left, top, left, top], np.float32)) / np.float32(self.gain)
        boxes.clip(0, np.array(self.picture_size * 2, np.float32), out=boxes)
        return boxes


@lru_cache(maxsize=64)
def fit(
    picture_size: tuple[int, int], input_size: tuple[int, int], stride: int | None = None
) -> Letterbox:
    """Return the letterbox of a picture; with ``stride`` the input shrinks to a multiple of it."""
    gain = min(input_size[0] / picture_size[0], input_size[1] / picture_size[1])
    scaled = (round(picture_size[0] * gain), round(picture_size[1] * gain))
    if stride is not None:
        input_size = (_round_up(scaled[0], stride), _round_up(scaled[1], stride))
    # The tenth makes an exact half go down, so that left <= right and top <= bottom.
    left, top = (
        round((whole - part) / 2 - 0.1) for whole, part in zip(input_size, scaled, strict=True)
    )
    return Letterbox(picture_size, input_size, scaled, (left, top), gain)


def _round_up(length: int, stride: int) -> int:
    return -(-length // stride) * stride


def _resize(rgb: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    return cv2.resize(rgb, size, interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)
