"""Stamps: small images with soft edges, composited onto a picture in Y and UV.

An object has one stamp for each of four steps of half a pixel, so that slow objects move smoothly;
two pixels of luma hold one of chroma. Compositing is ``picture * keep / 255 + colour``, in bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray

from streamlab.street.yuv import CHROMA_RANGE, LUMA_RANGE, halved, to_yuv

STEPS = 4
STEPS_PER_PX = 2

Plane = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Stamp:
    """An object at one step; ``left`` is from its middle, ``top`` from the top of the picture."""

    left: int
    top: int
    luma_keep: Plane
    luma: Plane
    chroma_keep: Plane
    chroma: Plane
    mask: NDArray[np.bool_]
    """True where the object itself, not its shadow, covers at least half of a pixel."""
    mask_left: int
    mask_top: int
    area_px: int

    def draw(self, luma: Plane, chroma: Plane, x: int) -> None:
        """Composite the stamp onto Y and interleaved UV, its middle at the (even) column ``x``."""
        height, width = self.luma.shape
        left = x + self.left
        first, last = max(0, -left), min(width, luma.shape[1] - left)
        if first >= last:
            return
        columns = slice(left + first, left + last)
        region = luma[self.top : self.top + height, columns]
        _lay(region, self.luma_keep[:, first:last], self.luma[:, first:last])
        half = self.top // 2
        region = chroma[half : half + height // 2, columns]
        _lay(region, self.chroma_keep[:, first:last], self.chroma[:, first:last])


def even_px(length: float) -> int:
    """Return the length rounded up to an even number of px."""
    return 2 * ceil(length / 2)


def _lay(region: Plane, keep: Plane, colour: Plane) -> None:
    cv2.multiply(region, keep, dst=region, scale=1 / 255)
    cv2.add(region, colour, dst=region)


def stamps_of(
    images: NDArray[np.float32], unders: NDArray[np.float32], left: int, top: int, bottom: int
) -> list[Stamp]:
    """Make stamps from premultiplied RGBA (0-255), cropped to what is visible in any of them."""
    both = images + unders * (1 - images[:, :, :, 3:] / 255)
    rows, columns = _extent(np.any(both[:, :, :, 3] > 2, axis=0), bottom - top)
    both = both[:, rows, columns]
    count, height, width = both.shape[:3]
    tall = np.ascontiguousarray(both.reshape(count * height, width, 4))
    cover = np.asarray(tall[:, :, 3:] / 255, np.float32)
    yuv = to_yuv(np.ascontiguousarray(tall[:, :, :3]), cover)
    lumas = _whole(yuv[:, :, 0], cover[:, :, 0], LUMA_RANGE)
    pairs = halved(np.ascontiguousarray(yuv[:, :, 1:])).reshape(-1, width)
    chromas = _whole(pairs, np.repeat(halved(cover[:, :, 0]), 2, axis=1), CHROMA_RANGE)
    luma_keep, luma, chroma_keep, chroma = (
        plane.reshape(count, -1, width) for plane in (*lumas, *chromas)
    )
    stamps = []
    for number, image in enumerate(images):
        mask, mask_left, mask_top = _mask(image[:, :, 3] >= 128)
        stamps.append(
            Stamp(
                left=left + columns.start,
                top=top + rows.start,
                luma_keep=luma_keep[number],
                luma=luma[number],
                chroma_keep=chroma_keep[number],
                chroma=chroma[number],
                mask=mask,
                mask_left=left + mask_left,
                mask_top=top + mask_top,
                area_px=int(np.count_nonzero(mask)),
            )
        )
    return stamps


def _mask(solid: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], int, int]:
    """Return the mask cropped to its True pixels, and the left and top of the crop."""
    rows, columns = _bounds(solid)
    return solid[rows, columns].copy(), columns.start, rows.start


def _whole(
    colour: NDArray[np.float32], cover: NDArray[np.float32], limits: tuple[int, int]
) -> tuple[Plane, Plane]:
    """Round to keep and colour bytes whose composite on values within ``limits`` stays in them."""
    keep = np.rint(255 * (1 - cover))
    low, high = (limit - np.rint(limit * keep / 255) for limit in limits)
    return keep.astype(np.uint8), np.clip(np.rint(colour), low, high).astype(np.uint8)


def _bounds(seen: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Return the rows and columns that hold all True pixels; empty if there are none."""
    rows, columns = (np.flatnonzero(seen.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return slice(0, 0), slice(0, 0)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _extent(seen: NDArray[np.bool_], last_row: int) -> tuple[slice, slice]:
    """Return the bounds widened to even numbers, down to ``last_row`` at most."""
    rows, columns = _bounds(seen)
    end = min(even_px(rows.stop), last_row)
    return (
        slice(rows.start // 2 * 2, max(end, rows.start // 2 * 2 + 2)),
        slice(columns.start // 2 * 2, max(even_px(columns.stop), columns.start // 2 * 2 + 2)),
    )
