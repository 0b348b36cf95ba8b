"""Rain and snow in front of the street: luma textures that repeat in both directions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sin
from random import Random

import cv2
import numpy as np
from numpy.typing import NDArray

from streamlab.street.look import Weather

Plane = NDArray[np.uint8]
_Mark = Callable[[Plane, float, float], None]
_SHIFT = 4


@dataclass(frozen=True, slots=True)
class Layer:
    """One depth of rain or snow: a texture twice the picture's width and height, and its motion."""

    keep: Plane
    luma: Plane
    speed_px_s: float
    slant: float
    sway_px: float

    def draw(self, luma: Plane, time_s: float, first_row: int) -> None:
        """Composite the layer onto the rows of Y from ``first_row`` on, as it is at ``time_s``."""
        height, width = luma.shape
        fallen = self.speed_px_s * time_s
        drift = fallen * self.slant + self.sway_px * sin(0.9 * time_s)
        top, left = -round(fallen) % height, -round(drift) % width
        window = (slice(top + first_row, top + height), slice(left, left + width))
        region = luma[first_row:]
        cv2.multiply(region, self.keep[window], dst=region, scale=1 / 255)
        cv2.add(region, self.luma[window], dst=region)


def falling(weather: Weather, width: int, height: int, seed: int) -> tuple[Layer, ...]:
    """Return the layers of a weather, the farthest first; empty if nothing falls."""
    unit = height / 360
    random = Random(seed)
    area = width * height / (640 * 360) / unit**2
    if weather == "rain":
        return tuple(
            _layer(width, height, round(count * area), _streak(length * unit, thick), opacity, 205,
                   random, speed * unit, -0.14, 0.0)
            for count, length, thick, opacity, speed in (
                (150, 11, 1, 0.20, 560.0), (70, 20, max(1, round(1.2 * unit)), 0.26, 820.0),
            )
        )  # fmt: skip
    if weather == "snow":
        return tuple(
            _layer(width, height, round(count * area), _flake(radius * unit), 0.85, 232,
                   random, speed * unit, 0.12, 9 * unit)
            for count, radius, speed in ((170, 0.9, 42.0), (70, 1.7, 66.0))
        )  # fmt: skip
    return ()


def _streak(length_px: float, thickness_px: int) -> _Mark:
    def mark(plane: Plane, x: float, y: float) -> None:
        tail = (_fixed(x + 0.14 * length_px), _fixed(y - length_px))
        cv2.line(plane, (_fixed(x), _fixed(y)), tail, 255, thickness_px, cv2.LINE_AA, _SHIFT)

    return mark


def _flake(radius_px: float) -> _Mark:
    def mark(plane: Plane, x: float, y: float) -> None:
        cv2.circle(plane, (_fixed(x), _fixed(y)), _fixed(radius_px), 255, -1, cv2.LINE_AA, _SHIFT)

    return mark


def _fixed(value_px: float) -> int:
    return round(value_px * (1 << _SHIFT))


def _layer(
    width: int,
    height: int,
    count: int,
    mark: _Mark,
    opacity: float,
    luma: int,
    random: Random,
    speed_px_s: float,
    slant: float,
    sway_px: float,
) -> Layer:
    plane = np.zeros((height, width), np.uint8)
    for _ in range(count):
        x, y = random.uniform(0, width), random.uniform(0, height)
        for column in (x - width, x, x + width):
            for row in (y, y + height):
                mark(plane, column, row)
    cover = np.tile(plane, (2, 2)).astype(np.float32) / 255 * opacity
    keep = np.rint(255 * (1 - cover))
    colour = np.floor(luma * (255 - keep) / 255)
    return Layer(keep.astype(np.uint8), colour.astype(np.uint8), speed_px_s, slant, sway_px)
