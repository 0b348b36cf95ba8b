"""The street without its traffic: painted once in RGB, then copied for every frame."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import cv2
import numpy as np
from numpy.typing import NDArray

from streamlab.street.canvas import Canvas
from streamlab.street.greenery import LAMP_HEIGHT_M, draw_bush, draw_lamp, draw_tree
from streamlab.street.ground import Ground
from streamlab.street.houses import draw_house, row_of_houses
from streamlab.street.look import Air
from streamlab.street.perspective import FACADES_M, FAR_KERB_M, NEAR_KERB_M, Perspective
from streamlab.street.sky import draw_stars, draw_town, paint_sky

_TREES_M = FACADES_M - 0.9
_LAMP_PITCH_M = 14.0
_LAMPLIGHT = np.array([255, 205, 130], np.float32)


def paint_backdrop(
    perspective: Perspective, air: Air, seed: int, supersample: int
) -> NDArray[np.float32]:
    """Return the empty street as RGB float32 ``(height, width, 3)``, 0-255."""
    picture = paint_sky(perspective, air, Random(seed))
    shapes = np.zeros(
        (perspective.height * supersample, perspective.width * supersample, 4), np.uint8
    )
    canvas = Canvas(
        shapes,
        scale=perspective.unit_px * supersample,
        origin_px=(0.0, 0.0),
        tone=lambda colour: colour,
    )
    night = air.dark
    if night and air.clouds > 0.05:
        draw_stars(canvas, perspective.width / perspective.unit_px, Random(seed))
    draw_town(canvas, perspective, air, Random(seed + 1))
    _draw_far_side(canvas, perspective, air, Random(seed + 2), supersample)
    Ground(canvas, perspective, air, supersample).draw()
    _draw_trees(canvas, perspective, air, Random(seed + 3), supersample)
    size = (perspective.width, perspective.height)
    flat = cv2.resize(shapes, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    picture *= 1 - flat[:, :, 3:] / 255
    picture += flat[:, :, :3]
    if air.wet:
        _reflect(picture, perspective)
    if air.lamps:
        _light_up(picture, perspective)
    return np.clip(picture, 0, 255)


def _plane(canvas: Canvas, perspective: Perspective, air: Air, z_m: float, factor: int) -> Canvas:
    origin = (perspective.width / 2 * factor, perspective.ground_px(z_m) * factor)
    return canvas.plane(
        scale=perspective.metre_px(z_m) * factor,
        origin_px=origin,
        tone=lambda colour: air.tone(colour, z_m),
    )


def _draw_far_side(
    canvas: Canvas, perspective: Perspective, air: Air, random: Random, factor: int
) -> None:
    plane = _plane(canvas, perspective, air, FACADES_M, factor)
    reach = perspective.half_width_m(FACADES_M)
    houses = row_of_houses(random, reach)
    for house, following in pairwise(houses):
        gap = following.left_m - house.left_m - house.width_m
        if gap > 0:
            left = house.left_m + house.width_m
            draw_tree(plane, left + gap / 2, air, random)
            plane.rectangle(left, 0, gap, 0.5, 0x7F9A63)
            draw_bush(plane, left, gap, air, random)
    for house in houses:
        draw_house(plane, house, air, random)


def lamp_places(perspective: Perspective) -> list[float]:
    """Return the positions of the street lamps along the far pavement, m."""
    reach = int(perspective.half_width_m(_TREES_M) / _LAMP_PITCH_M) + 1
    return [(place + 0.5) * _LAMP_PITCH_M for place in range(-reach - 1, reach + 1)]


def _draw_trees(
    canvas: Canvas, perspective: Perspective, air: Air, random: Random, factor: int
) -> None:
    plane = _plane(canvas, perspective, air, _TREES_M, factor)
    for lamp in lamp_places(perspective):
        draw_lamp(plane, lamp, air)
        plane.ellipse(lamp + _LAMP_PITCH_M / 2, 0, 0.8, 0.16, 0x6F5E4C)
        draw_tree(plane, lamp + _LAMP_PITCH_M / 2 + random.uniform(-0.8, 0.8), air, random)


def _reflect(picture: NDArray[np.float32], perspective: Perspective) -> None:
    """Mirror the far side in the wet road, blurred mostly vertically."""
    shore = round(perspective.ground_px(FAR_KERB_M))
    end = min(round(perspective.ground_px(NEAR_KERB_M)), perspective.height)
    rows = np.clip(2 * shore - np.arange(shore, end), 0, shore - 1)
    mirror = cv2.GaussianBlur(
        picture[rows], (0, 0), sigmaX=1.2 * perspective.unit_px, sigmaY=7 * perspective.unit_px
    )
    share = np.linspace(0.34, 0.2, end - shore, dtype=np.float32)[:, None, None]
    picture[shore:end] += (mirror - picture[shore:end]) * share


def _light_up(picture: NDArray[np.float32], perspective: Perspective) -> None:
    """Add the light of lamps on the ground, and a glow around bright areas."""
    metre = perspective.metre_px(_TREES_M)
    ground = perspective.ground_px(_TREES_M - 1)
    head = ground - LAMP_HEIGHT_M * metre
    places = [perspective.width / 2 + lamp * metre for lamp in lamp_places(perspective)]
    light = np.zeros((perspective.height, perspective.width), np.float32)
    # Strength, row, and radii: on the pavement, on the road, and around the lamps themselves.
    for strength, row, radius_y, radius_x in (
        (0.5, ground, metre, 3.2 * metre),
        (0.22, ground + 3.5 * metre, 4 * metre, 4 * metre),
        (0.35, head, 1.7 * metre, 1.7 * metre),
    ):
        across = sum(_bell(perspective.width, place, radius_x) for place in places)
        light += strength * np.outer(_bell(perspective.height, row, radius_y), across)
    picture += light[:, :, None] * (_LAMPLIGHT - picture).clip(0) * 0.75
    bright = (picture - 150).clip(0) * (picture[:, :, 1:2] > 185)
    # A glow is smooth: a quarter of the resolution is enough, and many times faster.
    small = cv2.resize(bright, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    glow = cv2.GaussianBlur(small, (0, 0), 1.25 * perspective.unit_px)
    picture += cv2.resize(glow, (perspective.width, perspective.height)) * 0.9


def _bell(length: int, middle: float, radius: float) -> NDArray[np.float32]:
    places = np.arange(length, dtype=np.float32)
    return np.asarray(np.exp(-(((places - middle) / radius) ** 2)), np.float32)
