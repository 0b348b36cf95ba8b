"""Cars, trucks and buses, seen from the side and facing right.

Units are metres; x is 0 in the middle of the vehicle, y is 0 where the wheels touch the ground.
"""

from __future__ import annotations

from dataclasses import dataclass

from streamlab.street.canvas import Canvas, Point, darker, lighter, smooth
from streamlab.street.look import Colour
from streamlab.street.wheels import TAILLIGHT, draw_headlight, draw_wheel

_GLASS = 0x33475A


@dataclass(frozen=True, slots=True)
class CarShape:
    """Shape of a car: outlines of body and side window, positions of wheels and pillars."""

    body: tuple[Point, ...]
    window: tuple[Point, ...]
    axles: tuple[float, float]
    pillars: tuple[float, ...]
    wheel: float = 0.33


HATCHBACK = CarShape(
    body=(
        (-1.98, 0.28), (-2.04, 0.62), (-2.0, 0.98), (-1.86, 1.1), (-1.62, 1.42), (-1.3, 1.53),
        (-0.2, 1.56), (0.35, 1.5), (1.1, 1.0), (1.72, 0.9), (2.0, 0.72), (2.06, 0.45), (2.0, 0.28),
    ),
    window=((-1.72, 0.98), (-1.5, 1.36), (-1.25, 1.44), (-0.2, 1.46), (0.3, 1.41), (0.92, 0.98)),
    axles=(-1.24, 1.28),
    pillars=(-0.98, -0.12),
)  # fmt: skip
SALOON = CarShape(
    body=(
        (-2.3, 0.28), (-2.36, 0.6), (-2.32, 0.92), (-2.1, 1.0), (-1.6, 1.02), (-1.0, 1.38),
        (-0.6, 1.45), (0.1, 1.46), (0.5, 1.4), (1.2, 0.97), (1.95, 0.88), (2.28, 0.7),
        (2.36, 0.45), (2.28, 0.28),
    ),
    window=((-1.42, 0.96), (-0.92, 1.32), (-0.6, 1.37), (0.1, 1.37), (0.45, 1.32), (1.02, 0.96)),
    axles=(-1.42, 1.46),
    pillars=(-0.95, 0.0),
)  # fmt: skip
CROSSOVER = CarShape(
    body=(
        (-2.18, 0.36), (-2.24, 0.75), (-2.22, 1.15), (-2.02, 1.58), (-1.75, 1.7), (-0.2, 1.73),
        (0.45, 1.68), (1.1, 1.18), (1.9, 1.08), (2.18, 0.9), (2.24, 0.55), (2.16, 0.36),
    ),
    window=((-1.92, 1.14), (-1.74, 1.53), (-1.55, 1.6), (-0.2, 1.62), (0.38, 1.58), (0.92, 1.14)),
    axles=(-1.36, 1.4),
    pillars=(-1.15, -0.18),
    wheel=0.38,
)  # fmt: skip
CAR_SHAPES = (HATCHBACK, SALOON, CROSSOVER)


def draw_car(canvas: Canvas, _phase: float, shape: CarShape, paint: Colour, lights: bool) -> None:
    """Draw a car."""
    rear, front = min(x for x, _ in shape.body), max(x for x, _ in shape.body)
    body = smooth(shape.body, 2)
    canvas.polygon(body, lighter(paint, 0.16), below=darker(paint, 0.22))
    belt = min(y for _, y in shape.window)
    canvas.polygon(smooth(shape.window, 2), _GLASS, below=lighter(_GLASS, 0.22))
    for x in shape.pillars:
        top = max(y for _, y in shape.window)
        canvas.polygon(
            [(x - 0.05, belt), (x + 0.05, belt), (x + 0.02, top), (x - 0.08, top)], paint
        )
    canvas.line(
        [(rear + 0.25, belt - 0.1), (front - 0.55, belt - 0.14)], 0.035, lighter(paint, 0.4)
    )
    for x in (*shape.pillars, shape.pillars[1] + 1.0):
        canvas.line([(x, belt - 0.04), (x - 0.04, 0.5)], 0.03, darker(paint, 0.3))
        canvas.line([(x - 0.32, belt - 0.2), (x - 0.18, belt - 0.2)], 0.05, darker(paint, 0.45))
    canvas.rectangle(rear + 0.12, 0.28, front - rear - 0.24, 0.13, darker(paint, 0.62))
    draw_headlight(canvas, front - 0.2, belt - 0.3, 0.17, 0.09, lights)
    canvas.ellipse(rear + 0.12, belt - 0.2, 0.11, 0.12, TAILLIGHT, lit=lights)
    canvas.ellipse(0.78 if belt < 1.1 else 0.82, belt + 0.06, 0.11, 0.08, darker(paint, 0.15))
    for x in shape.axles:
        canvas.disc(x, shape.wheel, shape.wheel + 0.075, darker(paint, 0.7))
        draw_wheel(canvas, x, shape.wheel)


def draw_taxi(canvas: Canvas, _phase: float, lights: bool) -> None:
    """Draw a yellow saloon with a roof sign."""
    canvas.rectangle(-0.45, 1.42, 0.5, 0.2, 0xF8F4E4, lit=lights)
    draw_car(canvas, 0.0, SALOON, 0xF2BC2E, lights)
    for column in range(12):
        for row in range(2):
            if (row + column) % 2 == 0:
                canvas.rectangle(-0.95 + column * 0.15, 0.56 + row * 0.1, 0.15, 0.1, 0x2A2A2A)


def draw_truck(canvas: Canvas, _phase: float, paint: Colour, load: Colour, lights: bool) -> None:
    """Draw a box truck, 7.2 m long."""
    canvas.rectangle(-3.5, 0.5, 6.8, 0.3, 0x2B3138)
    canvas.polygon(smooth([(-3.6, 0.75), (-3.6, 3.2), (1.55, 3.2), (1.55, 0.75)], 1), load)
    canvas.rectangle(-3.6, 0.75, 5.15, 2.45, lighter(load, 0.15), below=darker(load, 0.1))
    canvas.rectangle(-3.6, 3.08, 5.15, 0.12, darker(load, 0.18))
    canvas.rectangle(-3.6, 0.75, 5.15, 0.14, darker(load, 0.3))
    canvas.polygon([(-3.6, 1.3), (-3.6, 1.75), (1.55, 2.3), (1.55, 1.85)], paint)
    canvas.polygon([(-3.6, 1.85), (-3.6, 1.97), (1.55, 2.52), (1.55, 2.4)], lighter(paint, 0.4))
    cab = [
        (1.65, 0.5), (1.65, 2.5), (1.85, 2.68), (2.7, 2.66), (3.05, 2.4), (3.45, 1.55), (3.6, 1.35),
        (3.62, 0.6), (3.5, 0.45),
    ]  # fmt: skip
    canvas.polygon(smooth(cab, 2), lighter(paint, 0.15), below=darker(paint, 0.2))
    window = [(2.05, 1.5), (2.05, 2.35), (2.7, 2.36), (2.95, 2.2), (3.26, 1.5)]
    canvas.polygon(smooth(window, 1), _GLASS, below=lighter(_GLASS, 0.22))
    canvas.line([(2.0, 1.38), (2.0, 0.75)], 0.035, darker(paint, 0.3))
    canvas.line([(2.12, 1.2), (2.32, 1.2)], 0.06, darker(paint, 0.45))
    canvas.rectangle(3.3, 1.55, 0.12, 0.5, 0x23282E)
    canvas.rectangle(1.65, 0.42, 1.9, 0.16, darker(paint, 0.6))
    draw_headlight(canvas, 3.48, 0.85, 0.1, 0.13, lights)
    canvas.rectangle(-3.62, 0.62, 0.14, 0.2, TAILLIGHT, lit=lights)
    for x in (-2.25, 2.55):
        canvas.disc(x, 0.5, 0.6, 0x23282E)
        draw_wheel(canvas, x, 0.5)


def draw_bus(canvas: Canvas, _phase: float, paint: Colour, lights: bool) -> None:
    """Draw a city bus, 10 m long."""
    outline = [
        (-5.0, 0.4), (-5.0, 2.8), (-4.75, 3.05), (4.5, 3.05), (4.85, 2.85), (5.0, 1.6), (5.0, 0.4),
    ]  # fmt: skip
    canvas.rectangle(-3.4, 2.95, 2.6, 0.28, darker(paint, 0.2))
    canvas.polygon(smooth(outline, 2), lighter(paint, 0.16), below=darker(paint, 0.15))
    canvas.rectangle(-4.92, 0.72, 9.88, 0.28, 0xF3EFE6, below=0xDCD7CB)
    glass = 0xFFE2A6 if lights else _GLASS
    low = _bus_glass(lights)
    canvas.rectangle(-4.75, 1.4, 9.0, 1.25, 0x252C33)
    for pane in range(6):
        x = -4.65 + pane * 1.26
        canvas.rectangle(x, 1.48, 1.16, 1.1, glass, below=low, lit=lights)
        if not lights:
            shine = [(x + 0.2, 1.48), (x + 0.42, 1.48), (x + 0.9, 2.58), (x + 0.68, 2.58)]
            canvas.polygon(shine, lighter(_GLASS, 0.32))
        elif pane % 2:
            canvas.ellipse(x + 0.55, 1.68, 0.2, 0.3, 0x6B4E3C, lit=True)
            canvas.disc(x + 0.55, 2.05, 0.15, 0x5C4234, lit=True)
    for x in (-1.2, 2.95):
        canvas.rectangle(x, 0.5, 1.15, 2.12, 0x20262C)
        for leaf in (0.06, 0.62):
            canvas.rectangle(x + leaf, 0.62, 0.47, 1.9, glass, below=low, lit=lights)
    canvas.polygon(
        smooth([(4.25, 1.2), (4.25, 2.62), (4.8, 2.62), (4.93, 1.6), (4.96, 1.2)], 1),
        _GLASS, below=lighter(_GLASS, 0.25),
    )  # fmt: skip
    canvas.rectangle(3.1, 2.72, 1.5, 0.24, 0x1B1F24)
    canvas.rectangle(3.25, 2.78, 0.9, 0.12, 0xFFB347, lit=True)
    canvas.rectangle(-4.95, 0.38, 9.85, 0.14, darker(paint, 0.55))
    draw_headlight(canvas, 4.86, 0.72, 0.12, 0.1, lights)
    canvas.rectangle(-5.0, 1.05, 0.12, 0.4, TAILLIGHT, lit=lights)
    for x in (-2.9, 2.25):
        canvas.disc(x, 0.48, 0.6, darker(paint, 0.75))
        draw_wheel(canvas, x, 0.48)


def _bus_glass(lights: bool) -> Colour:
    """Return the colour at the lower edge of a bus window."""
    return 0xE0A95C if lights else lighter(_GLASS, 0.2)
