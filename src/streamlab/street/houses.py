"""Houses on the far side: facades, windows, roofs. Units are metres; the pavement is at y 0."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from streamlab.street.canvas import Canvas, darker, lighter
from streamlab.street.look import Air, Colour, mix
from streamlab.street.shops import SHOP_M, draw_shop, glass_of

_FACADES = (
    0xD98E73,
    0xEAD7B4,
    0xA9BFA4,
    0x9FB4C7,
    0xE3B778,
    0xC9A0A0,
    0xF0E8DC,
    0x8FA9A6,
    0xB9785F,
)
_ROOFS = (0x7A4A3E, 0x59616B, 0x6B5548, 0x4C5866)
_STOREY_M = 3.0


@dataclass(frozen=True, slots=True)
class House:
    """One house: its position along the street, size and colours."""

    left_m: float
    width_m: float
    storeys: int
    facade: Colour
    roof: Colour

    @property
    def eaves_m(self) -> float:
        """Height of the facade, m."""
        return SHOP_M + self.storeys * _STOREY_M


def row_of_houses(random: Random, half_width_m: float) -> list[House]:
    """Return houses that fill the street; adjacent ones differ in colour and height."""
    houses: list[House] = []
    left = -half_width_m - random.uniform(1, 6)
    while left < half_width_m:
        colours = [c for c in _FACADES if not houses or c != houses[-1].facade]
        storeys = [s for s in (1, 2, 2, 3) if not houses or s != houses[-1].storeys]
        width = random.choice((7.0, 8.4, 9.8, 11.2))
        houses.append(
            House(
                left, width, random.choice(storeys), random.choice(colours), random.choice(_ROOFS)
            )
        )
        left += width + (random.uniform(2.5, 5) if random.random() < 0.22 else 0)
    return houses


def draw_house(canvas: Canvas, house: House, air: Air, random: Random) -> None:
    """Draw a house from its roof down to its shop."""
    x, width, top = house.left_m, house.width_m, house.eaves_m
    _draw_roof(canvas, house, air, random)
    canvas.rectangle(x, 0, width, top, lighter(house.facade, 0.1), below=darker(house.facade, 0.1))
    canvas.rectangle(x, 0, 0.12, top, darker(house.facade, 0.2))
    canvas.rectangle(x + width - 0.12, 0, 0.12, top, lighter(house.facade, 0.2))
    _draw_cornice(canvas, house, air)
    columns = int(width // 2.3)
    pitch = width / columns
    tall = random.random() < 0.4
    boxes = random.random() < 0.5
    for storey in range(house.storeys):
        y = SHOP_M + storey * _STOREY_M + 0.75
        for column in range(columns):
            middle = x + (column + 0.5) * pitch
            _draw_window(canvas, middle, y, 1.75 if tall else 1.45, house, air, random)
            if boxes and storey == 0:
                _draw_flowers(canvas, middle, y, random)
    draw_shop(canvas, x, width, house.facade, air, random)


def _draw_roof(canvas: Canvas, house: House, air: Air, random: Random) -> None:
    x, width, top = house.left_m, house.width_m, house.eaves_m
    colour = air.snowed(house.roof, 0.9)
    kind = random.choice(("flat", "mansard", "gable"))
    if kind == "flat":
        canvas.rectangle(x + 1.2, top, 1.3, 1.0, darker(house.facade, 0.25))
        canvas.rectangle(x + 1.1, top + 1.0, 1.5, 0.18, air.snowed(darker(house.facade, 0.4)))
        return
    chimney = x + width * random.choice((0.22, 0.7))
    canvas.rectangle(chimney, top, 0.9, 2.7, darker(house.facade, 0.35))
    canvas.rectangle(chimney - 0.1, top + 2.6, 1.1, 0.2, air.snowed(darker(house.facade, 0.5)))
    if kind == "gable":
        outline = [(x - 0.25, top), (x + width / 2, top + 2.9), (x + width + 0.25, top)]
        canvas.polygon(outline, lighter(colour, 0.08), below=darker(colour, 0.12))
        canvas.disc(x + width / 2, top + 1.15, 0.5, lighter(house.facade, 0.5))
        canvas.disc(x + width / 2, top + 1.15, 0.38, 0x45586A)
        return
    outline = [(x, top), (x + 0.8, top + 2.1), (x + width - 0.8, top + 2.1), (x + width, top)]
    canvas.polygon(outline, lighter(colour, 0.1), below=darker(colour, 0.08))
    count = int(width // 3.2)
    for dormer in range(count):
        middle = x + (dormer + 0.5) * width / count
        canvas.rectangle(middle - 0.65, top + 0.3, 1.3, 1.4, lighter(house.facade, 0.35))
        canvas.rectangle(middle - 0.45, top + 0.4, 0.9, 1.1, 0x506578, below=0x7F97A8)
        canvas.rectangle(middle - 0.75, top + 1.65, 1.5, 0.16, air.snowed(darker(house.roof, 0.2)))


def _draw_cornice(canvas: Canvas, house: House, air: Air) -> None:
    x, width, top = house.left_m, house.width_m, house.eaves_m
    canvas.rectangle(x - 0.12, top - 0.28, width + 0.24, 0.4, lighter(house.facade, 0.45))
    canvas.rectangle(x, top - 0.42, width, 0.14, darker(house.facade, 0.22))
    if air.snow:
        canvas.rectangle(x - 0.12, top + 0.08, width + 0.24, 0.16, air.snowed(0xFFFFFF))
    canvas.rectangle(x, SHOP_M - 0.12, width, 0.2, lighter(house.facade, 0.35))


def _draw_window(
    canvas: Canvas, middle: float, y: float, height: float, house: House, air: Air, random: Random
) -> None:
    glass, lit = glass_of(air, random, 0.42)
    canvas.rectangle(middle - 0.62, y - 0.08, 1.24, height + 0.16, lighter(house.facade, 0.6))
    canvas.rectangle(
        middle - 0.5,
        y,
        1.0,
        height,
        glass,
        below=mix(glass, 0xB98A4E, 0.3) if lit else None,
        lit=lit,
    )
    curtained = random.random() < 0.3
    if not lit:
        shine = [(-0.5, 0.2), (-0.5, 0.75), (0.1, height), (0.42, height)]
        canvas.polygon([(middle + a, y + b) for a, b in shine], lighter(glass, 0.22))
        if curtained:
            canvas.rectangle(middle - 0.5, y + height * 0.6, 1.0, height * 0.4, 0xE9E2D2)
    frame = darker(house.facade, 0.55) if lit else lighter(house.facade, 0.55)
    canvas.rectangle(middle - 0.04, y, 0.08, height, frame)
    canvas.rectangle(middle - 0.5, y + height * 0.58, 1.0, 0.07, frame)
    canvas.rectangle(middle - 0.72, y - 0.2, 1.44, 0.14, darker(house.facade, 0.18))


def _draw_flowers(canvas: Canvas, middle: float, y: float, random: Random) -> None:
    for flower in range(7):
        x = middle - 0.6 + flower * 0.2
        canvas.disc(x, y + random.uniform(-0.02, 0.16), 0.16, random.choice((0x5E8A4B, 0x6F9C57)))
    blossom = random.choice((0xD9566B, 0xE9A13B, 0xF2EDE6))
    for _ in range(4):
        x = middle + random.uniform(-0.55, 0.55)
        canvas.disc(x, y + random.uniform(0.05, 0.25), 0.09, blossom)
    canvas.rectangle(middle - 0.7, y - 0.2, 1.4, 0.24, 0x6A4B3A)
