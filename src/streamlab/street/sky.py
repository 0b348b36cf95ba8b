"""The sky with clouds, stars and moon, and the town in the distance."""

from __future__ import annotations

from random import Random

import cv2
import numpy as np
from numpy.typing import NDArray

from streamlab.street.canvas import Canvas, smooth
from streamlab.street.look import Air, Colour, channels, mix
from streamlab.street.perspective import Perspective

_BELOW_HORIZON = 60.0


def paint_sky(perspective: Perspective, air: Air, random: Random) -> NDArray[np.float32]:
    """Return the sky as RGB float32 ``(height, width, 3)``, down to the bottom of the picture."""
    height, width = perspective.height, perspective.width
    share = np.clip(np.arange(height) / (perspective.horizon_px + 40 * perspective.unit_px), 0, 1)
    zenith, horizon = (np.array(channels(c), np.float32) for c in (air.zenith, air.horizon))
    column = zenith + (horizon - zenith) * (share**0.8)[:, None].astype(np.float32)
    sky = np.repeat(column[:, None, :], width, axis=1)
    for _ in range(max(2, round(width / height * 2.6))):
        _blend(sky, _cloud(perspective, random), mix(0xFFFFFF, air.horizon, 0.15), air.clouds)
    return sky


def draw_stars(canvas: Canvas, width_units: float, random: Random) -> None:
    """Draw stars and moon on a canvas in units, with y 0 at the top of the picture."""
    for _ in range(round(width_units / 9)):
        x, y = random.uniform(0, width_units), random.uniform(18, 130)
        canvas.disc(
            x, -y, random.uniform(0.3, 0.75), mix(0x5C6A93, 0xF4F2E0, random.random()), lit=True
        )
    canvas.disc(width_units * 0.8, -44, 11, 0xF2EBD0, lit=True)
    canvas.disc(width_units * 0.8 - 4, -46, 2.2, 0xDDD5B8, lit=True)
    canvas.disc(width_units * 0.8 + 3, -41, 1.6, 0xDDD5B8, lit=True)


def draw_town(canvas: Canvas, perspective: Perspective, air: Air, random: Random) -> None:
    """Draw two rows of blocks that fade into the haze, on a canvas in units."""
    width_units = perspective.width / perspective.unit_px
    foot = perspective.horizon_px / perspective.unit_px + _BELOW_HORIZON
    base = air.tone(0x7E93A8, 0)
    clear = 0.75 if air.lamps else 1.0
    for low, high, haze in ((62, 88, 0.75), (80, 112, 0.55)):
        colour = mix(base, air.horizon, min(1, haze * clear + air.haze_per_m * 20))
        x = -random.uniform(0, 30)
        while x < width_units:
            block = random.uniform(18, 46)
            top = random.uniform(low, high)
            _draw_block(canvas, x, block, top, foot, colour, air, random)
            x += block + random.uniform(-4, 6)


def _draw_block(
    canvas: Canvas,
    x: float,
    width: float,
    top: float,
    foot: float,
    colour: Colour,
    air: Air,
    random: Random,
) -> None:
    canvas.rectangle(x, -foot, width, foot - top, colour, lit=True)
    if random.random() < 0.5:
        canvas.rectangle(x + width * 0.3, -top - 0.5, width * 0.4, 5, colour, lit=True)
    if random.random() < 0.25:
        canvas.rectangle(x + width * 0.5, -top, 0.9, 12, colour, lit=True)
    windows = mix(colour, 0xFFD58A, 0.5) if air.lamps else mix(colour, 0xFFFFFF, 0.22)
    for row in range(3, 24, 5):
        for column in range(3, int(width) - 3, 4):
            if random.random() < (0.3 if air.lamps else 0.8):
                canvas.rectangle(x + column, -top - row - 1, 1.8, 2.0, windows, lit=True)


def _cloud(perspective: Perspective, random: Random) -> NDArray[np.float32]:
    """Return the opacity of one flat-bottomed cloud, float32 ``(height, width)``, 0-1."""
    unit = perspective.unit_px
    x = random.uniform(0, perspective.width)
    y = random.uniform(38, 82) * unit
    size = random.uniform(13, 24) * unit
    mask = np.zeros((perspective.height, perspective.width), np.float32)
    for _ in range(6):
        dx = random.uniform(-2.0, 2.0)
        radius = size * (0.72 - 0.2 * abs(dx)) * random.uniform(0.6, 0.9)
        cv2.circle(mask, (round(x + dx * size), round(y)), round(radius), 1.0, -1, cv2.LINE_AA)
    mask[round(y + 0.12 * size) :] = 0
    body = smooth([(-3, 0.15), (-2.2, -0.2), (2.2, -0.2), (3, 0.15), (2, 0.3), (-2, 0.3)])
    points = np.array([[round(x + a * size), round(y + b * size)] for a, b in body], np.int32)
    cv2.fillPoly(mask, [points], 1.0, cv2.LINE_AA)
    soft = cv2.GaussianBlur(mask, (0, 0), 1.6 * unit)
    fade = np.clip((y + 0.6 * size - np.arange(perspective.height)) / (1.7 * size), 0.15, 1)
    return np.asarray(soft * fade[:, None], np.float32)


def _blend(
    sky: NDArray[np.float32], mask: NDArray[np.float32], colour: Colour, opacity: float
) -> None:
    rows = np.flatnonzero(mask.any(axis=1))
    if len(rows):
        part = sky[rows[0] : rows[-1] + 1]
        share = mask[rows[0] : rows[-1] + 1, :, None] * opacity
        part += (np.array(channels(colour), np.float32) - part) * share
