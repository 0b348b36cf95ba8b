"""The lanes of the street, and the sprites of everything that uses them."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

from streamlab.street.canvas import Canvas
from streamlab.street.look import Air
from streamlab.street.models import (
    Model,
    Part,
    bicycle_models,
    vehicle_models,
    walker_models,
)
from streamlab.street.perspective import LANE_M, ROAD_NEAR_M, Perspective
from streamlab.street.sprites import Pool, Sprite, Stage
from streamlab.street.traffic import Lane, Traveller

# Wheels touch the road this much nearer to the camera than the middle of the lane.
_NEARER_M = 0.7
_VEHICLE_PLACE_M = 14.5


def lanes(*, lights: bool) -> tuple[Lane, ...]:
    """Return the lanes, the farthest first; traffic keeps to the right."""
    walkers, bicycles = walker_models(), bicycle_models()
    vehicles = vehicle_models(lights=lights)
    # Each lane gets every fourth model, and every eighth from the next one on, so lanes differ.
    shares = [vehicles[lane::4] + vehicles[lane + 1 :: 8] for lane in range(4)]
    road = [ROAD_NEAR_M + (lane + 0.5) * LANE_M - _NEARER_M for lane in range(4)]
    rows = (
        (29.7, 1.25, 6.5, walkers[0:3]),
        (28.7, -1.4, 7.5, walkers[3:6]),
        (road[3], -6.2, _VEHICLE_PLACE_M, shares[3]),
        (road[2], -7.6, _VEHICLE_PLACE_M, shares[2]),
        (road[1], 7.9, _VEHICLE_PLACE_M, shares[1]),
        (road[0], 6.5, _VEHICLE_PLACE_M, shares[0]),
        (14.0, 4.2, 11.0, bicycles),
        (12.7, -1.3, 5.5, walkers[2:5]),
        (12.1, 1.2, 6.0, walkers[5:8]),
    )
    return tuple(Lane(number, *row) for number, row in enumerate(rows))


class Fleet:
    """The sprites of a lane, by model, part and phase of motion."""

    def __init__(self, lane: Lane, perspective: Perspective, air: Air, supersample: int) -> None:
        self.lane = lane
        self.places = ceil(2 * perspective.half_width_m(lane.z_m) / lane.place_m) + 2
        """At least the number of places in view before the first one of the lane, number 0."""
        self._stage = Stage(perspective, air, lane.z_m, supersample)
        self._sprites = [
            [self._render(model, part, air) for part in model.parts] for model in lane.models
        ]

    def parts(self, traveller: Traveller) -> list[tuple[str, Sprite]]:
        """Return the class name and sprite of each part of a traveller, in drawing order."""
        model = self.lane.models[traveller.model]
        turn = traveller.travelled_m / model.cycle_m % 1.0
        return [
            (part.class_name, sprites[int(turn * part.phases)])
            for part, sprites in zip(model.parts, self._sprites[traveller.model], strict=True)
        ]

    def _render(self, model: Model, part: Part, air: Air) -> list[Sprite]:
        pools = self._pools(model, air) if part is model.parts[0] else []
        return self._stage.sprites(
            [_frozen(part, phase / part.phases) for phase in range(part.phases)],
            length_m=model.length_m + 0.4,
            height_m=model.height_m,
            mirrored=self.lane.speed_m_s < 0,
            pools=pools,
        )

    def _pools(self, model: Model, air: Air) -> list[Pool]:
        half = model.length_m / 2
        depth = min(1.1, 0.3 * half + 0.2)
        pools = [Pool(0.0, half * 0.95, depth, 0x0C1118, air.shadow)]
        if model.beam and air.lamps:
            pools.append(Pool(half + 1.8, 3.0, 1.3, 0xFFE9B8, 0.5, softness=1.8))
            pools.append(Pool(-half - 0.2, 1.2, 0.8, 0xE03A34, 0.4, softness=1.8))
        return pools


def _frozen(part: Part, phase: float) -> Callable[[Canvas], None]:
    return lambda canvas: part.draw(canvas, phase)
