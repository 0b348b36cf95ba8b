"""People walking, cycling and on scooters. Metres; facing right, the ground is at y 0."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import acos, atan2, cos, hypot, pi, sin

from streamlab.street.canvas import Canvas, Point, darker, lighter, smooth
from streamlab.street.look import Colour

_THIGH_M, _SHIN_M = 0.43, 0.43
_UPPER_ARM_M, _FOREARM_M = 0.29, 0.27
_SWING_RAD = 0.46
STRIDE_M = 4 * (_THIGH_M + _SHIN_M) * sin(_SWING_RAD) * 0.94
"""Distance walked in one cycle of two steps, chosen so that the feet do not slide."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person: skin, hair and clothes."""

    skin: Colour
    hair: Colour
    top: Colour
    trousers: Colour
    long_hair: bool = False
    skirt: bool = False
    bag: Colour | None = None
    size: float = 1.0


PEOPLE = (
    Person(0xE8B48F, 0x3A2A22, 0x3F6FA8, 0x3A4250, bag=0xB5523C),
    Person(0x9C6A4A, 0x1E1A1A, 0xE3A53A, 0x44566B),
    Person(0xF0C7A5, 0xA7693A, 0xC94F5C, 0x59473F, long_hair=True, skirt=True, size=0.95),
    Person(0x6E4630, 0x17130F, 0x4D9A8A, 0x2F3542, size=1.03),
    Person(0xE3AC86, 0x6B6B6B, 0xECE6D8, 0x6C7A62, bag=0x6A4B3A),
    Person(0xC98E66, 0x2A1C16, 0x7E5AA6, 0x35405A, long_hair=True, bag=0xE0C25A, size=0.93),
    Person(0xF2CDB0, 0xD9B36A, 0x5B7F4A, 0x8A6F56, long_hair=True, size=0.97),
    Person(0xB57A55, 0x241A15, 0xD8D2C6, 0x2C3A52),
)


def draw_walker(canvas: Canvas, phase: float, person: Person) -> None:
    """Draw a walking person at ``phase`` (0-1) of the walking cycle."""
    angle = 2 * pi * phase
    legs = [_leg(angle), _leg(angle + pi)]
    hip_y = max(-foot_y for _, (_, foot_y) in legs) + 0.07
    size = person.size

    def at(point: Point) -> Point:
        return point[0] * size, (point[1] + hip_y) * size

    far, near = darker(person.trousers, 0.25), person.trousers
    _draw_arm(canvas, person, at, angle, darker(person.top, 0.3))
    _draw_leg(canvas, [at((0, 0)), *(at(p) for p in legs[1])], far, size)
    _draw_leg(canvas, [at((0, 0)), *(at(p) for p in legs[0])], near, size)
    if person.skirt:
        hem = [(-0.27, -0.48), (-0.12, 0.1), (0.13, 0.1), (0.27, -0.48)]
        canvas.polygon([at(p) for p in smooth(hem, 1)], person.trousers, below=darker(near, 0.1))
    trunk = [(-0.15, -0.08), (-0.17, 0.3), (-0.14, 0.53), (0.12, 0.53), (0.18, 0.32), (0.14, -0.08)]
    canvas.polygon([at(p) for p in smooth(trunk, 2)], lighter(person.top, 0.1), below=person.top)
    if person.bag is not None:
        pack = [(-0.34, 0.08), (-0.36, 0.42), (-0.14, 0.5), (-0.14, 0.06)]
        canvas.polygon([at(p) for p in smooth(pack, 2)], person.bag, below=darker(person.bag, 0.2))
    _draw_head(canvas, person, at)
    _draw_arm(canvas, person, at, angle + pi, lighter(person.top, 0.04))


def draw_rider(canvas: Canvas, phase: float, person: Person, helmet: Colour) -> None:
    """Draw a cyclist with the cranks at ``phase`` (0-1) of a revolution."""
    hip = (-0.2, 0.98)
    for turn, colour in ((0.5, darker(person.trousers, 0.25)), (0.0, person.trousers)):
        a = -2 * pi * (phase + turn)
        pedal = (-0.06 + 0.17 * cos(a), 0.36 + 0.17 * sin(a))
        _draw_leg(canvas, [hip, _knee(hip, pedal), pedal], colour, 1.0)
    _draw_seated(canvas, person, hip, (0.4, 1.06), helmet, lean=0.24)


def draw_scooterist(canvas: Canvas, _phase: float, person: Person, helmet: Colour) -> None:
    """Draw a person sitting on a scooter."""
    hip = (-0.42, 0.98)
    _draw_leg(canvas, [hip, (0.02, 0.92), (0.12, 0.46)], person.trousers, 1.0)
    _draw_seated(canvas, person, hip, (0.46, 1.08), helmet, lean=0.1)


def _draw_seated(
    canvas: Canvas, person: Person, hip: Point, hands: Point, helmet: Colour, *, lean: float
) -> None:
    x, y = hip

    def at(point: Point) -> Point:
        return x + point[0] + lean * max(0.0, point[1]) * 1.7, y + point[1]

    trunk = [(-0.17, -0.08), (-0.2, 0.3), (-0.14, 0.52), (0.12, 0.52), (0.17, 0.3), (0.15, -0.08)]
    canvas.polygon([at(p) for p in smooth(trunk, 2)], lighter(person.top, 0.1), below=person.top)
    _draw_head(canvas, person, at)
    crown = [(-0.19, 0.75), (-0.17, 0.93), (0.0, 1.0), (0.15, 0.92), (0.19, 0.77)]
    canvas.polygon([at(p) for p in smooth(crown, 1)], helmet, below=darker(helmet, 0.2))
    shoulder = at((0.0, 0.46))
    elbow = ((shoulder[0] + hands[0]) / 2 - 0.03, (shoulder[1] + hands[1]) / 2 - 0.07)
    canvas.line([shoulder, elbow], 0.13, lighter(person.top, 0.05))
    canvas.line([elbow, hands], 0.1, lighter(person.top, 0.05))
    canvas.disc(*hands, 0.055, person.skin)


def _draw_head(canvas: Canvas, person: Person, at: Callable[[Point], Point]) -> None:
    size = person.size
    if person.long_hair:
        back = [(-0.15, 0.45), (-0.17, 0.8), (0.02, 0.86), (0.02, 0.5)]
        canvas.polygon([at(p) for p in smooth(back, 2)], darker(person.hair, 0.1))
    canvas.line([at((0.0, 0.5)), at((0.01, 0.62))], 0.1 * size, darker(person.skin, 0.12))
    x, y = at((0.02, 0.72))
    canvas.ellipse(x, y, 0.115 * size, 0.135 * size, person.skin)
    x, y = at((-0.015, 0.77))
    hair = [(-0.125, -0.1), (-0.13, 0.05), (-0.05, 0.12), (0.08, 0.11), (0.14, 0.03), (0.0, 0.02)]
    outline = [(x + a * size, y + b * size) for a, b in hair]
    canvas.polygon(smooth(outline, 2), person.hair)
    canvas.ellipse(x, y + 0.02 * size, 0.12 * size, 0.09 * size, person.hair)


def _leg(angle: float) -> tuple[Point, Point]:
    """Return knee and ankle, with the hip at the origin."""
    thigh = _SWING_RAD * sin(angle) + 0.06
    shin = thigh - 0.1 - 0.85 * max(0.0, cos(angle))
    knee = (_THIGH_M * sin(thigh), -_THIGH_M * cos(thigh))
    return knee, (knee[0] + _SHIN_M * sin(shin), knee[1] - _SHIN_M * cos(shin))


def _knee(hip: Point, foot: Point) -> Point:
    """Return the position of the knee, bent forwards, for a hip and a foot."""
    dx, dy = foot[0] - hip[0], foot[1] - hip[1]
    reach = min(hypot(dx, dy), (_THIGH_M + _SHIN_M) * 0.999)
    angle = atan2(dy, dx) + acos(reach / 2 / _THIGH_M)
    return hip[0] + _THIGH_M * cos(angle), hip[1] + _THIGH_M * sin(angle)


def _draw_leg(canvas: Canvas, joints: list[Point], colour: Colour, size: float) -> None:
    hip, knee, ankle = joints
    canvas.line([hip, knee], 0.17 * size, colour)
    canvas.line([knee, ankle], 0.125 * size, colour)
    toe = (ankle[0] + 0.15 * size, ankle[1] - 0.015 * size)
    canvas.line([(ankle[0] - 0.02 * size, ankle[1] - 0.02 * size), toe], 0.1 * size, 0x2A2522)


def _draw_arm(
    canvas: Canvas, person: Person, at: Callable[[Point], Point], angle: float, colour: Colour
) -> None:
    swing = 0.55 * sin(angle)
    elbow = (_UPPER_ARM_M * sin(swing), 0.46 - _UPPER_ARM_M * cos(swing))
    bend = swing + 0.35
    hand = (elbow[0] + _FOREARM_M * sin(bend), elbow[1] - _FOREARM_M * cos(bend))
    canvas.line([at((0.0, 0.46)), at(elbow)], 0.12 * person.size, colour)
    canvas.line([at(elbow), at(hand)], 0.095 * person.size, colour)
    canvas.disc(*at(hand), 0.055 * person.size, person.skin)
