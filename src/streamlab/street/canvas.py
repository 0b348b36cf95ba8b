"""A vector canvas: shapes in metres, y upwards, drawn on supersampled pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from functools import cache
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from streamlab.street.look import Colour, channels, mix

Point: TypeAlias = tuple[float, float]
Outline: TypeAlias = Sequence[Point] | NDArray[np.float64]
Tone: TypeAlias = Callable[[Colour], Colour]

_SHIFT = 4
_OPAQUE = 255
_ANGLES = np.linspace(0, 2 * np.pi, 40, endpoint=False)
_CIRCLE = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1)


class Canvas:
    """Draws opaque shapes on RGBA pixels; alpha marks the covered ones.

    Colours pass through ``tone`` (light and haze), except those of ``lit`` shapes.
    """

    def __init__(
        self, pixels: NDArray[np.uint8], *, scale: float, origin_px: Point, tone: Tone
    ) -> None:
        self.pixels = pixels
        self._scale = scale
        self._origin_px = origin_px
        self._tone = cache(tone)
        self._mirror = 1

    def plane(self, *, scale: float, origin_px: Point, tone: Tone) -> Canvas:
        """Return a canvas on the same pixels with another scale, origin and tone."""
        return Canvas(self.pixels, scale=scale, origin_px=origin_px, tone=tone)

    def mirrored(self) -> Canvas:
        """Return a canvas on the same pixels whose x axis points to the left."""
        canvas = copy(self)
        canvas._mirror = -self._mirror
        return canvas

    def polygon(
        self,
        points: Outline,
        colour: Colour,
        *,
        below: Colour | None = None,
        lit: bool = False,
    ) -> None:
        """Fill a polygon; with ``below``, by a vertical gradient to that colour at the bottom."""
        outline = self._outline(points)
        if below is None:
            cv2.fillPoly(self.pixels, [outline], self._paint(colour, lit), shift=_SHIFT)
        else:
            self._fill_gradient(outline, colour, below, lit)

    def rectangle(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        colour: Colour,
        *,
        below: Colour | None = None,
        lit: bool = False,
    ) -> None:
        """Fill a rectangle whose lower left corner is at ``(x, y)``."""
        corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
        self.polygon(corners, colour, below=below, lit=lit)

    def ellipse(
        self,
        x: float,
        y: float,
        radius_x: float,
        radius_y: float,
        colour: Colour,
        *,
        below: Colour | None = None,
        lit: bool = False,
    ) -> None:
        """Fill an ellipse."""
        rim = _CIRCLE * (radius_x, radius_y) + (x, y)
        self.polygon(rim, colour, below=below, lit=lit)

    def disc(self, x: float, y: float, radius: float, colour: Colour, *, lit: bool = False) -> None:
        """Fill a circle."""
        self.ellipse(x, y, radius, radius, colour, lit=lit)

    def line(
        self, points: Sequence[Point], width: float, colour: Colour, *, lit: bool = False
    ) -> None:
        """Draw a line with round joints and ends."""
        thickness = max(1, round(width * self._scale))
        outline = self._outline(points)
        cv2.polylines(
            self.pixels, [outline], False, self._paint(colour, lit), thickness, shift=_SHIFT
        )

    def _outline(self, points: Outline) -> NDArray[np.int32]:
        metres = np.asarray(points, np.float64)
        scale = np.array([self._scale * self._mirror, -self._scale])
        # In OpenCV integer coordinates are pixel centres, hence the half pixel.
        pixels = metres * scale + self._origin_px - 0.5
        return np.asarray(np.rint(pixels * (1 << _SHIFT)), np.int32)

    def _paint(self, colour: Colour, lit: bool) -> tuple[int, int, int, int]:
        return (*channels(colour if lit else self._tone(colour)), _OPAQUE)

    def _fill_gradient(
        self, outline: NDArray[np.int32], colour: Colour, below: Colour, lit: bool
    ) -> None:
        height, width = self.pixels.shape[:2]
        left, top = np.maximum(outline.min(axis=0) >> _SHIFT, 0)
        right, bottom = np.minimum((outline.max(axis=0) >> _SHIFT) + 2, (width, height))
        if left >= right or top >= bottom:
            return
        mask = np.zeros((bottom - top, right - left), np.uint8)
        corner = np.array([left, top]) << _SHIFT
        cv2.fillPoly(mask, [(outline - corner).astype(np.int32)], 1, shift=_SHIFT)
        first, last = np.array(self._paint(colour, lit)), np.array(self._paint(below, lit))
        high, low = outline[:, 1].min() / (1 << _SHIFT), outline[:, 1].max() / (1 << _SHIFT)
        rows = np.clip((np.arange(top, bottom) - high) / max(low - high, 1), 0, 1)[:, None]
        ramp = np.rint(first + (last - first) * rows).astype(np.uint8)
        # Copying each RGBA pixel as one integer is several times faster.
        region = self.pixels[top:bottom, left:right].view(np.uint32)[:, :, 0]
        np.copyto(region, ramp.view(np.uint32), where=mask.view(np.bool_))


def smooth(points: Sequence[Point], rounds: int = 3) -> list[Point]:
    """Return a closed outline with its corners cut ``rounds`` times (Chaikin 1974)."""
    outline = list(points)
    for _ in range(rounds):
        cut: list[Point] = []
        for (ax, ay), (bx, by) in zip(outline, outline[1:] + outline[:1], strict=True):
            cut.append((0.75 * ax + 0.25 * bx, 0.75 * ay + 0.25 * by))
            cut.append((0.25 * ax + 0.75 * bx, 0.25 * ay + 0.75 * by))
        outline = cut
    return outline


def darker(colour: Colour, share: float) -> Colour:
    """Return the colour mixed with a cold black."""
    return mix(colour, 0x10151C, share)


def lighter(colour: Colour, share: float) -> Colour:
    """Return the colour mixed with white."""
    return mix(colour, 0xFFFFFF, share)
