"""Sprites: objects rendered once, at every phase of their motion and every sub-pixel step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import floor

import cv2
import numpy as np
from numpy.typing import NDArray

from streamlab.street.canvas import Canvas
from streamlab.street.look import Air, Colour, channels
from streamlab.street.perspective import Perspective
from streamlab.street.stamps import STEPS, STEPS_PER_PX, Stamp, even_px, stamps_of


@dataclass(frozen=True, slots=True)
class Pool:
    """A soft spot on the ground under an object: its shadow, or the light that it throws."""

    x_m: float
    radius_x_m: float
    radius_z_m: float
    colour: Colour
    opacity: float
    softness: float = 0.9


Sprite = tuple[Stamp, ...]
"""The stamps of the four sub-pixel steps."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Renders sprites for one depth of a picture, and the air in front of it."""

    perspective: Perspective
    air: Air
    z_m: float
    supersample: int

    def sprites(
        self,
        draws: Sequence[Callable[[Canvas], None]],
        *,
        length_m: float,
        height_m: float,
        mirrored: bool = False,
        pools: Sequence[Pool] = (),
    ) -> list[Sprite]:
        """Render the phases of an object that faces right, or left if ``mirrored``."""
        metre = self.perspective.metre_px(self.z_m)
        ground = self.perspective.ground_px(self.z_m)
        reach = max([length_m / 2, *(abs(pool.x_m) + pool.radius_x_m for pool in pools)])
        foot = max([0.1, *(pool.radius_z_m for pool in pools)]) * self._flatness()
        half = even_px(reach * metre) + 2
        top = 2 * floor((ground - height_m * metre) / 2)
        height = even_px(ground + foot * metre - top) + 2
        size = (height, 2 * half)
        shapes = [self._render(draw, half, height, ground - top, mirrored) for draw in draws]
        images = self._at_steps(shapes, size)
        under = np.stack(
            [
                self._pools(pools, size, half + step / STEPS_PER_PX, ground - top, mirrored)
                for step in range(STEPS)
            ]
        )
        unders = np.tile(under, (len(draws), 1, 1, 1))
        stamps = stamps_of(images, unders, -half, top, self.perspective.height)
        return [tuple(stamps[first : first + STEPS]) for first in range(0, len(stamps), STEPS)]

    def _flatness(self) -> float:
        return self.perspective.camera_height_m / self.z_m

    def _render(
        self, draw: Callable[[Canvas], None], half: int, height: int, ground: float, mirrored: bool
    ) -> NDArray[np.uint8]:
        """Return supersampled RGBA, with two more pixels of the picture on the left."""
        factor = self.supersample
        shapes = np.zeros((height * factor, (2 * half + 2) * factor, 4), np.uint8)
        canvas = Canvas(
            shapes,
            scale=self.perspective.metre_px(self.z_m) * factor,
            origin_px=((half + 2) * factor, ground * factor),
            tone=lambda colour: self.air.tone(colour, self.z_m),
        )
        draw(canvas.mirrored() if mirrored else canvas)
        return shapes

    def _at_steps(
        self, shapes: Sequence[NDArray[np.uint8]], size: tuple[int, int]
    ) -> NDArray[np.float32]:
        """Return every shape at every step in picture resolution, ``(n, height, width, 4)``."""
        height, width = size
        factor = self.supersample
        starts = [2 * factor - step * factor // STEPS_PER_PX for step in range(STEPS)]
        windows = [shape[:, start : start + width * factor] for shape in shapes for start in starts]
        rows = height * len(windows)
        # One tall image: the cost of resizing many small ones is mostly call overhead.
        small = cv2.resize(np.concatenate(windows), (width, rows), interpolation=cv2.INTER_AREA)
        return small.reshape(len(windows), height, width, 4).astype(np.float32)

    def _pools(
        self,
        pools: Sequence[Pool],
        shape: tuple[int, int],
        middle: float,
        ground: float,
        mirrored: bool,
    ) -> NDArray[np.float32]:
        """Return the spots as premultiplied RGBA, 0-255."""
        metre = self.perspective.metre_px(self.z_m)
        rows = np.arange(shape[0], dtype=np.float32)[:, None] + 0.5 - ground
        columns = np.arange(shape[1], dtype=np.float32)[None, :] + 0.5 - middle
        under = np.zeros((*shape, 4), np.float32)
        for pool in pools:
            x = (-pool.x_m if mirrored else pool.x_m) * metre
            radius_z = pool.radius_z_m * metre * self._flatness()
            first = max(0, floor(ground - radius_z))
            far = ((columns - x) / (pool.radius_x_m * metre)) ** 2 + (rows[first:] / radius_z) ** 2
            share = pool.opacity * np.clip(1 - far, 0, 1) ** pool.softness
            colour = np.array([*channels(pool.colour), 255], np.float32)
            under[first:] += share[:, :, None] * (colour - under[first:])
        return under
