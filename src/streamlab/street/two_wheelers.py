"""Bicycles and scooters without riders, seen from the side, facing right. Units are metres."""

from __future__ import annotations

from math import cos, pi, sin

from streamlab.street.canvas import Canvas, darker, lighter, smooth
from streamlab.street.look import Colour
from streamlab.street.wheels import TAILLIGHT, TYRE, draw_headlight, draw_wheel


def draw_bicycle(canvas: Canvas, phase: float, paint: Colour) -> None:
    """Draw a bicycle with the cranks at ``phase`` (0-1) of a revolution."""
    for x in (-0.52, 0.52):
        ring = [(x + 0.32 * cos(a * pi / 12), 0.34 + 0.32 * sin(a * pi / 12)) for a in range(25)]
        canvas.line(ring, 0.055, TYRE)
        for spoke in range(3):
            a = spoke * pi / 3 - phase * 2 * pi
            dx, dy = 0.3 * cos(a), 0.3 * sin(a)
            canvas.line([(x - dx, 0.34 - dy), (x + dx, 0.34 + dy)], 0.015, 0x8E969C)
        canvas.disc(x, 0.34, 0.045, 0x8E969C)
    frame = [(-0.52, 0.34), (-0.06, 0.3), (0.36, 0.82), (-0.16, 0.8), (-0.52, 0.34)]
    canvas.line(frame, 0.055, paint)
    canvas.line([(-0.06, 0.3), (-0.2, 0.92)], 0.055, paint)
    canvas.line([(0.52, 0.34), (0.34, 0.98), (0.42, 1.04)], 0.05, paint)
    canvas.line([(-0.32, 0.93), (-0.08, 0.94)], 0.08, TYRE)
    canvas.disc(-0.06, 0.3, 0.08, 0x5A6268)
    a = -2 * pi * phase
    dx, dy = 0.17 * cos(a), 0.17 * sin(a)
    canvas.line([(-0.06 - dx, 0.3 - dy), (-0.06 + dx, 0.3 + dy)], 0.035, 0x3B4248)


def draw_scooter(canvas: Canvas, _phase: float, paint: Colour, lights: bool) -> None:
    """Draw a motor scooter."""
    for x in (-0.66, 0.68):
        draw_wheel(canvas, x, 0.25)
    tail = [
        (-1.0, 0.5),
        (-0.95, 0.8),
        (-0.6, 0.86),
        (0.0, 0.8),
        (0.05, 0.42),
        (-0.3, 0.28),
        (-0.75, 0.32),
    ]
    canvas.polygon(smooth(tail, 2), lighter(paint, 0.15), below=darker(paint, 0.2))
    canvas.polygon([(-0.1, 0.26), (-0.1, 0.38), (0.4, 0.38), (0.45, 0.26)], darker(paint, 0.2))
    shield = [(0.3, 0.3), (0.4, 0.3), (0.66, 0.98), (0.56, 1.02)]
    canvas.polygon(shield, lighter(paint, 0.2), below=paint)
    canvas.line([(0.6, 0.95), (0.68, 0.25)], 0.07, 0x5A6268)
    canvas.line([(0.6, 1.0), (0.46, 1.08)], 0.06, TYRE)
    canvas.polygon(smooth([(-0.9, 0.84), (-0.85, 0.95), (-0.1, 0.92), (-0.05, 0.82)], 1), 0x3A2B26)
    draw_headlight(canvas, 0.67, 0.92, 0.09, 0.08, lights)
    canvas.ellipse(-1.0, 0.66, 0.06, 0.08, TAILLIGHT, lit=lights)
