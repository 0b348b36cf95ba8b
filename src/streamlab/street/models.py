"""Models of the vehicles and people in the street, grouped by the lanes that they use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from streamlab.street.canvas import Canvas
from streamlab.street.people import (
    PEOPLE,
    STRIDE_M,
    draw_rider,
    draw_scooterist,
    draw_walker,
)
from streamlab.street.two_wheelers import draw_bicycle, draw_scooter
from streamlab.street.vehicles import (
    CAR_SHAPES,
    draw_bus,
    draw_car,
    draw_taxi,
    draw_truck,
)

_CAR_PAINTS = (0xD64541, 0x2F6DB5, 0xF0EEE8, 0x39424C, 0x3E9A83, 0xE6A42E, 0x8C97A1, 0x6D4C7D)
_PEDALLED_M = 4.2
"""Distance per revolution of a bicycle's cranks."""


Draw: TypeAlias = Callable[[Canvas, float], None]
"""Draws at a phase (0-1) of the motion."""


@dataclass(frozen=True, slots=True)
class Part:
    """One object of the ground truth, and how to draw it."""

    class_name: str
    draw: Draw
    phases: int = 1


@dataclass(frozen=True, slots=True)
class Model:
    """Something that moves as a whole; a bicycle and its rider are two parts."""

    parts: tuple[Part, ...]
    length_m: float
    height_m: float
    cycle_m: float = 1.0
    """Distance after which its motion repeats."""
    beam: bool = False
    """True if it throws light ahead when lamps are on."""


def vehicle_models(*, lights: bool) -> tuple[Model, ...]:
    """Return the models for the road; common ones appear more than once."""

    def single(class_name: str, length_m: float, height_m: float, draw: Draw) -> Model:
        return Model((Part(class_name, draw),), length_m, height_m, beam=True)

    cars = [
        single("car", 4.8, 1.8, partial(draw_car, shape=shape, paint=paint, lights=lights))
        for number, paint in enumerate(_CAR_PAINTS)
        for shape in (CAR_SHAPES[number % 3], CAR_SHAPES[(number + 1) % 3])
    ]
    trucks = [
        single("truck", 7.4, 3.3, partial(draw_truck, paint=paint, load=load, lights=lights))
        for paint, load in ((0x2F6DB5, 0xE9E6DD), (0xD9773C, 0xF1EEE6), (0x3E8A6B, 0xD9DEDF))
    ]
    buses = [
        single("bus", 10.1, 3.3, partial(draw_bus, paint=paint, lights=lights))
        for paint in (0xC9433C, 0x2E7F8C)
    ]
    taxi = single("car", 4.8, 1.8, partial(draw_taxi, lights=lights))
    scooters = [
        _ridden(
            "motorcycle",
            partial(draw_scooter, paint=paint, lights=lights),
            partial(draw_scooterist, person=PEOPLE[who], helmet=helmet),
            beam=True,
        )
        for paint, who, helmet in ((0x4FA3A5, 0, 0xF2EDE4), (0xD95B4A, 5, 0x2F3A46))
    ]
    return (*cars, *trucks, *buses, taxi, taxi, *scooters)


def bicycle_models() -> tuple[Model, ...]:
    """Return the models for the cycle path."""
    riders = ((0xD64541, 1, 0xE9E4DA), (0x2F6DB5, 2, 0x3B4550), (0x3D4A45, 3, 0xE2B13C))
    return tuple(
        _ridden(
            "bicycle",
            partial(draw_bicycle, paint=paint),
            partial(draw_rider, person=PEOPLE[who], helmet=helmet),
            phases=12,
            cycle_m=_PEDALLED_M,
        )
        for paint, who, helmet in riders
    )


def walker_models() -> tuple[Model, ...]:
    """Return the models for the pavements."""
    return tuple(
        Model(
            (Part("person", partial(draw_walker, person=person), 12),),
            length_m=1.1,
            height_m=1.95,
            cycle_m=STRIDE_M * person.size,
        )
        for person in PEOPLE
    )


def _ridden(
    class_name: str,
    machine: Draw,
    rider: Draw,
    *,
    phases: int = 1,
    cycle_m: float = 1.0,
    beam: bool = False,
) -> Model:
    parts = (Part(class_name, machine, phases), Part("person", rider, phases))
    return Model(parts, length_m=2.2, height_m=2.15, cycle_m=cycle_m, beam=beam)
