"""Trees, bushes and street lamps. Units are metres; the pavement is at y 0."""

from __future__ import annotations

from math import cos, pi, sin
from random import Random

from streamlab.street.canvas import Canvas, darker, lighter
from streamlab.street.look import Air

_LEAVES = (0x5F8F4E, 0x6E9A4F, 0x4F8457, 0x7FA35A)
LAMP_HEIGHT_M = 5.4


def draw_tree(canvas: Canvas, x: float, air: Air, random: Random) -> None:
    """Draw a broad-leaved tree lit from the upper left."""
    height = random.uniform(5.6, 7.4)
    crown = random.uniform(1.5, 2.0)
    trunk = [
        (x - 0.17, 0.0),
        (x - 0.11, height - crown),
        (x + 0.11, height - crown),
        (x + 0.17, 0.0),
    ]
    canvas.polygon(trunk, 0x6B503C)
    canvas.line([(x, height - 2.6), (x + 0.8, height - 1.5)], 0.12, 0x6B503C)
    leaf = random.choice(_LEAVES)
    puffs = [
        (
            x + crown * 0.72 * cos(2 * pi * i / 7),
            height - crown + crown * 0.62 * sin(2 * pi * i / 7),
            crown * random.uniform(0.5, 0.68),
        )
        for i in range(7)
    ]
    puffs.append((x, height - crown, crown * 0.85))
    for dx, dy, share, colour in (
        (0.08, -0.1, 1.0, darker(leaf, 0.22)),
        (-0.1, 0.1, 0.9, leaf),
        (-0.24, 0.3, 0.62, air.snowed(lighter(leaf, 0.13), 0.6)),
        (-0.36, 0.5, 0.3, air.snowed(lighter(leaf, 0.26))),
    ):
        for px, py, radius in puffs:
            canvas.disc(px + dx * radius, py + dy * radius, radius * share, colour)


def draw_bush(canvas: Canvas, x: float, width: float, air: Air, random: Random) -> None:
    """Draw a low hedge of round bushes."""
    count = max(3, round(width / 0.6))
    leaf = random.choice(_LEAVES)
    for dx, dy, share, colour in (
        (0.0, 0.0, 1.0, darker(leaf, 0.25)),
        (-0.15, 0.2, 0.75, air.snowed(leaf, 0.4)),
        (-0.25, 0.4, 0.4, air.snowed(lighter(leaf, 0.14), 0.9)),
    ):
        for i in range(count):
            radius = 0.55 + 0.18 * sin(2.4 * i + width)
            a = x + (i + 0.5) * width / count
            canvas.disc(a + dx * radius, 0.45 + dy * radius, radius * share, colour)


def draw_lamp(canvas: Canvas, x: float, air: Air) -> None:
    """Draw a street lamp with two arms."""
    pole = 0x3B444D
    canvas.rectangle(x - 0.14, 0, 0.28, 0.6, pole)
    canvas.rectangle(x - 0.07, 0, 0.14, LAMP_HEIGHT_M, pole)
    canvas.line([(x - 0.9, LAMP_HEIGHT_M), (x + 0.9, LAMP_HEIGHT_M)], 0.11, pole)
    for side in (-1, 1):
        head = x + side * 0.95
        bowl = [(-0.32, 0.02), (0.32, 0.02), (0.2, 0.26), (-0.2, 0.26)]
        canvas.polygon([(head + a, LAMP_HEIGHT_M - 0.06 + b) for a, b in bowl], pole)
        light = 0xFFF0C4 if air.lamps else 0xE9ECE8
        canvas.ellipse(head, LAMP_HEIGHT_M - 0.08, 0.26, 0.12, light, lit=air.lamps)
