"""Wheels and lights, shared by all vehicles. Units are metres."""

from __future__ import annotations

from math import cos, pi, sin

from streamlab.street.canvas import Canvas

TYRE = 0x1D2126
HEADLIGHT = 0xFFF3D2
TAILLIGHT = 0xD3303A


def draw_headlight(
    canvas: Canvas, x: float, y: float, radius_x: float, radius_y: float, lights: bool
) -> None:
    """Draw a headlight."""
    canvas.ellipse(x, y, radius_x, radius_y, HEADLIGHT, lit=lights)


def draw_wheel(canvas: Canvas, x: float, radius: float) -> None:
    """Draw a wheel that stands on the ground."""
    canvas.disc(x, radius, radius, TYRE)
    canvas.disc(x, radius, radius * 0.64, 0xB4BBC1)
    canvas.disc(x, radius, radius * 0.52, 0x868F97)
    for spoke in range(5):
        a = 2 * pi * spoke / 5 + 0.3
        rim = (x + radius * 0.5 * cos(a), radius + radius * 0.5 * sin(a))
        canvas.line([(x, radius), rim], radius * 0.16, 0xC3C9CE)
    canvas.disc(x, radius, radius * 0.16, 0x4A525A)
