"""Letterboxing: fitting a picture into the input of a model.

``centre``, for the YOLO models of Ultralytics (``ultralytics.data.augment.LetterBox`` and
``ultralytics.utils.ops.scale_boxes``):

- the picture is scaled by one gain for both axes, up or down, until it fits the input;
- the remaining space is grey (114) and split evenly around the picture; an odd pixel goes to the
  right and to the bottom;
- an input of dynamic size shrinks until less than one stride remains on either axis.

``corner``, for YOLOX (``yolox.data.data_augment.preproc``): the same, but the picture is in the
upper left corner. ``stretch``, for RT-DETR: each axis has its own gain, and no space remains.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import DTypeLike, NDArray

from streamlab.media.picture import Converter, Picture

GREY = 114
Placement: TypeAlias = Literal["centre", "corner", "stretch"]


@dataclass(frozen=True, slots=True)
class Letterbox:
    """The placement of a picture in a model's input. All sizes are ``(width, height)``, px."""

    picture_size: tuple[int, int]
    input_size: tuple[int, int]
    scaled_size: tuple[int, int]
    """Size of the scaled picture, without the grey."""
    offset: tuple[int, int]
    """Position of the scaled picture's upper left corner in the input, ``(x, y)``, px."""
    gains: tuple[float, float]
    """Px of the input per px of the picture, horizontally and vertically."""

    def fill(
        self,
        rgb: NDArray[np.uint8],
        tensor: NDArray[np.generic],
        *,
        bgr_255: bool = False,
        surround: bool = True,
    ) -> None:
        """Scale ``rgb`` ``(height, width, 3)`` into ``tensor`` ``(3, height, width)``.

        The tensor gets red, green, blue in 0..1, or with ``bgr_255`` blue, green, red in
        0..255. An integer tensor is always in 0..255. Without ``surround`` the grey is not
        written again.
        """
        if self.scaled_size != self.picture_size:
            scaled = cv2.resize(rgb, self.scaled_size, interpolation=cv2.INTER_LINEAR)
            rgb = scaled.astype(np.uint8, copy=False)
        largest = 1 if bgr_255 or np.issubdtype(tensor.dtype, np.integer) else 255
        (left, top), (width, height) = self.offset, self.scaled_size
        if surround:
            tensor[:] = np.float32(GREY) / np.float32(largest)
        inside = tensor[:, top : top + height, left : left + width]
        planes = cv2.split(rgb)
        for channel, plane in zip(inside, planes[::-1] if bgr_255 else planes, strict=True):
            if largest == 1:
                channel[:] = plane
            else:
                np.divide(plane, np.float32(255), out=channel, casting="same_kind")

    def restore(self, xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
        """Convert boxes ``(n, 4)`` from px of the input to px of the picture, clipped to it."""
        gains = np.array(self.gains * 2, np.float32)
        boxes: NDArray[np.float32] = (xyxy - np.array(self.offset * 2, np.float32)) / gains
        boxes.clip(0, np.array(self.picture_size * 2, np.float32), out=boxes)
        return boxes


@lru_cache(maxsize=64)
def fit(
    picture_size: tuple[int, int],
    input_size: tuple[int, int],
    stride: int | None = None,
    placement: Placement = "centre",
) -> Letterbox:
    """Return the letterbox of a picture; with ``stride`` the input shrinks to a multiple of it."""
    across, down = input_size[0] / picture_size[0], input_size[1] / picture_size[1]
    if placement == "stretch":
        return Letterbox(picture_size, input_size, input_size, (0, 0), (across, down))
    gain = min(across, down)
    scaled = (max(1, round(picture_size[0] * gain)), max(1, round(picture_size[1] * gain)))
    if stride is not None:
        input_size = (_round_up(scaled[0], stride), _round_up(scaled[1], stride))
    left, top = (0, 0) if placement == "corner" else _margins(input_size, scaled)
    return Letterbox(picture_size, input_size, scaled, (left, top), (gain, gain))


def _margins(input_size: tuple[int, int], scaled: tuple[int, int]) -> tuple[int, int]:
    # Subtracting 0.1 rounds an exact half down, so that left <= right and top <= bottom.
    left, top = (
        round((whole - part) / 2 - 0.1) for whole, part in zip(input_size, scaled, strict=True)
    )
    return left, top


def _round_up(length: int, stride: int) -> int:
    return -(-length // stride) * stride


class ModelInput:
    """Fills a model's input tensor with pictures; for use by one thread at a time.

    ``batch`` is the model's fixed batch size, None if any size works. ``dtype`` is that of the
    tensor; for ``bgr_255`` see ``Letterbox.fill``.
    """

    def __init__(self, batch: int | None, dtype: DTypeLike, *, bgr_255: bool) -> None:
        self._batch = batch
        self._bgr_255 = bgr_255
        self._converter = Converter()
        self._tensor: NDArray[np.generic] = np.empty((0, 3, 0, 0), dtype)
        self._letterboxes: list[Letterbox | None] = []  # per row: its grey is already written

    def fill(
        self, pictures: Sequence[Picture], letterboxes: Sequence[Letterbox]
    ) -> NDArray[np.generic]:
        """Return ``(batch, 3, height, width)``, which the next call overwrites.

        All letterboxes must have the same input size. Rows beyond the pictures are undefined.
        """
        width, height = letterboxes[0].input_size
        rows = self._batch or len(pictures)
        if self._tensor.shape[2:] != (height, width) or len(self._tensor) < rows:
            self._tensor = np.zeros((rows, 3, height, width), self._tensor.dtype)
            self._letterboxes = [None] * rows
        for row, (picture, letterbox) in enumerate(zip(pictures, letterboxes, strict=True)):
            rgb, surround = self._converter.rgb(picture), self._letterboxes[row] != letterbox
            letterbox.fill(rgb, self._tensor[row], bgr_255=self._bgr_255, surround=surround)
            self._letterboxes[row] = letterbox
        return self._tensor[:rows]
