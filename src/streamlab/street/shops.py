"""The shops on the ground floors: doors, shop windows, awnings and signs. Units are metres."""

from __future__ import annotations

from random import Random

from streamlab.street.canvas import Canvas, darker, lighter
from streamlab.street.look import Air, Colour, mix

SHOP_M = 3.7
"""Height of a shop front."""

_AWNINGS = (0xC4483F, 0x2F7F78, 0xD99A2B, 0x3C5F95, 0x6E8B4E)
_LAMPLIGHT = (0xFFD58A, 0xFFE3AD, 0xFFC56E, 0xF8EBC8)


def glass_of(air: Air, random: Random, share_lit: float) -> tuple[Colour, bool]:
    """Return the colour of a window, and True if it is lit from inside."""
    # The same random draws in every light, so a house looks the same by day and by night.
    chance, lamplight, tint = random.random(), random.choice(_LAMPLIGHT), random.random()
    if air.lamps and chance < share_lit:
        return lamplight, True
    return mix(0x4E6679, 0x6F8A9C, tint), False


def draw_shop(
    canvas: Canvas, x: float, width: float, facade: Colour, air: Air, random: Random
) -> None:
    """Draw the ground floor of a house whose left wall is at ``x``."""
    wall = darker(facade, 0.38)
    canvas.rectangle(x + 0.12, 0, width - 0.24, SHOP_M - 0.12, lighter(wall, 0.04), below=wall)
    canvas.rectangle(x + 0.12, 0, width - 0.24, 0.35, darker(wall, 0.35))
    door = x + width * random.choice((0.14, 0.5, 0.86)) - 0.55
    door = min(max(door, x + 0.4), x + width - 1.5)
    for left, right in ((x + 0.4, door - 0.3), (door + 1.4, x + width - 0.4)):
        if right - left > 0.9:
            _draw_shop_window(canvas, left, right - left, air, random)
    glass, lit = glass_of(air, random, 0.6)
    timber = random.choice((0x7A3B34, 0x2F5550, 0x34445C, 0x5C4632))
    canvas.rectangle(door, 0.05, 1.1, 2.5, timber)
    canvas.rectangle(door + 0.2, 1.0, 0.7, 1.3, glass, lit=lit)
    if random.random() < 0.6:
        _draw_awning(canvas, x + 0.3, width - 0.6, air, random)
    else:
        sign = random.choice(_AWNINGS)
        canvas.rectangle(
            x + 0.3, 2.85, width - 0.6, 0.62, darker(sign, 0.25), below=darker(sign, 0.4)
        )
        _draw_lettering(canvas, x + width / 2, air, random)


def _draw_shop_window(canvas: Canvas, left: float, width: float, air: Air, random: Random) -> None:
    glass, lit = glass_of(air, random, 0.75)
    canvas.rectangle(left - 0.1, 0.5, width + 0.2, 2.1, 0xE8E2D6)
    below = mix(glass, 0xC98F45, 0.35) if lit else lighter(glass, 0.3)
    canvas.rectangle(left, 0.6, width, 1.9, glass, below=below, lit=lit)
    if not lit:
        for start in (0.12, 0.5):
            reach = min(0.55, width * 0.3)
            a = left + width * start
            if a + reach + 0.2 < left + width:
                shine = [(a, 0.6), (a + 0.2, 0.6), (a + 0.2 + reach, 2.5), (a + reach, 2.5)]
                canvas.polygon(shine, lighter(glass, 0.25))
    for pane in range(1, max(1, round(width / 1.6))):
        canvas.rectangle(left + pane * width / max(1, round(width / 1.6)), 0.6, 0.07, 1.9, 0xE8E2D6)


def _draw_awning(canvas: Canvas, left: float, width: float, air: Air, random: Random) -> None:
    colour = random.choice(_AWNINGS)
    stripes = max(4, round(width / 0.55))
    step = width / stripes
    for stripe in range(stripes):
        a, b = left + stripe * step, left + (stripe + 1) * step
        paint = air.snowed(colour if stripe % 2 == 0 else 0xF4EFE6, 0.7)
        canvas.polygon([(a, 3.45), (b, 3.45), (b, 2.6), (a, 2.6)], lighter(paint, 0.1), below=paint)
        shade = darker(paint, 0.16)
        canvas.polygon([(a, 2.62), (b, 2.62), (b, 2.48), ((a + b) / 2, 2.36), (a, 2.48)], shade)


def _draw_lettering(canvas: Canvas, middle: float, air: Air, random: Random) -> None:
    letters = random.randint(5, 9)
    for letter in range(letters):
        x = middle + (letter - letters / 2) * 0.42
        height = random.choice((0.2, 0.2, 0.3))
        canvas.rectangle(x, 3.04, random.choice((0.2, 0.26, 0.3)), height, 0xF6E9CC, lit=air.lamps)
