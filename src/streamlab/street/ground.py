"""Draws road, cycle path and pavements in perspective."""

from __future__ import annotations

from streamlab.street.canvas import Canvas, Point, darker, lighter
from streamlab.street.look import Air, Colour
from streamlab.street.perspective import (
    FACADES_M,
    FAR_KERB_M,
    FOCAL,
    LANE_M,
    NEAR_KERB_M,
    ROAD_NEAR_M,
    Perspective,
)

_ASPHALT = 0x5B6269
_PAVING = 0xC9C3B8
_CYCLE_PATH = 0xB0705C
_PAINT = 0xEDEBE2
_BENEATH_M = 10.0


class Ground:
    """Draws the ground of a picture."""

    def __init__(
        self, canvas: Canvas, perspective: Perspective, air: Air, supersample: int
    ) -> None:
        self._canvas = canvas
        self._perspective = perspective
        self._air = air
        self._supersample = supersample

    def draw(self) -> None:
        """Draw everything on the ground, from the houses to the camera."""
        self._draw_pavement(FAR_KERB_M, FACADES_M)
        self._band(FAR_KERB_M, FAR_KERB_M + 0.35, self._air.snowed(lighter(_PAVING, 0.35), 0.5))
        self._draw_road()
        self._draw_cycle_path()
        self._draw_pavement(_BENEATH_M, NEAR_KERB_M)
        self._band(NEAR_KERB_M, NEAR_KERB_M + 0.28, darker(_ASPHALT, 0.3))
        self._band(NEAR_KERB_M - 0.28, NEAR_KERB_M, self._air.snowed(lighter(_PAVING, 0.4), 0.5))

    def _plane(self, z_m: float) -> Canvas:
        """Return a canvas in units from the middle of the horizon, toned for depth ``z_m``."""
        factor = self._supersample
        middle = (self._perspective.width / 2 * factor, self._perspective.horizon_px * factor)
        return self._canvas.plane(
            scale=self._perspective.unit_px * factor,
            origin_px=middle,
            tone=lambda colour: self._air.tone(colour, z_m),
        )

    def _at(self, x_m: float, z_m: float) -> Point:
        return x_m * FOCAL / z_m, -self._perspective.camera_height_m * FOCAL / z_m

    def _quad(
        self, x: tuple[float, float], z: tuple[float, float], colour: Colour, below: Colour | None
    ) -> None:
        corners = [
            self._at(x[0], z[1]),
            self._at(x[1], z[1]),
            self._at(x[1], z[0]),
            self._at(x[0], z[0]),
        ]
        self._plane((z[0] + z[1]) / 2).polygon(corners, colour, below=below)

    def _band(
        self, near_m: float, far_m: float, colour: Colour, below: Colour | None = None
    ) -> None:
        reach = self._perspective.half_width_m(far_m) + 1
        self._quad((-reach, reach), (near_m, far_m), colour, below)

    def _draw_pavement(self, near_m: float, far_m: float) -> None:
        paving = self._air.snowed(_PAVING, 0.85)
        self._band(near_m, far_m, darker(paving, 0.06), lighter(paving, 0.06))
        seam = darker(paving, 0.13)
        reach = self._perspective.half_width_m(far_m)
        slab_m = 1.2
        for slab in range(-int(reach / slab_m) - 1, int(reach / slab_m) + 2):
            self._quad((slab * slab_m - 0.02, slab * slab_m + 0.02), (near_m, far_m), seam, None)
        for row in range(1, int((far_m - near_m) / slab_m) + 1):
            self._band(near_m + row * slab_m - 0.02, near_m + row * slab_m + 0.02, seam)

    def _draw_road(self) -> None:
        asphalt = self._air.snowed(_ASPHALT, 0.3)
        self._band(ROAD_NEAR_M, FAR_KERB_M, lighter(asphalt, 0.08), darker(asphalt, 0.14))
        self._band(FAR_KERB_M - 0.3, FAR_KERB_M, darker(asphalt, 0.35))
        for lane in range(4):
            middle = ROAD_NEAR_M + (lane + 0.5) * LANE_M
            self._band(middle - 0.45, middle + 0.45, self._air.snowed(darker(asphalt, 0.07), 0.25))
        for side in (-0.16, 0.16):
            line = ROAD_NEAR_M + 2 * LANE_M + side
            self._band(line - 0.06, line + 0.06, self._air.snowed(0xE9C46A, 0.4))
        self._dashes(ROAD_NEAR_M + LANE_M)
        self._dashes(ROAD_NEAR_M + 3 * LANE_M)
        self._band(FAR_KERB_M - 0.62, FAR_KERB_M - 0.5, self._air.snowed(_PAINT, 0.2))
        for x, z in ((-7.0, 20.6), (9.5, 16.2), (4.0, 26.4)):
            self._draw_cover(x, z, asphalt)

    def _draw_cycle_path(self) -> None:
        path = self._air.snowed(_CYCLE_PATH, 0.45)
        self._band(NEAR_KERB_M, ROAD_NEAR_M, path, darker(path, 0.1))
        self._band(ROAD_NEAR_M - 0.07, ROAD_NEAR_M + 0.07, _PAINT)

    def _dashes(self, z_m: float) -> None:
        reach = int(self._perspective.half_width_m(z_m) / 6) + 1
        for dash in range(-reach, reach + 1):
            self._quad((dash * 6 - 1.4, dash * 6 + 1.4), (z_m - 0.07, z_m + 0.07), _PAINT, None)

    def _draw_cover(self, x_m: float, z_m: float, asphalt: Colour) -> None:
        x, y = self._at(x_m, z_m)
        flat = self._perspective.camera_height_m / z_m
        radius = 0.42 * FOCAL / z_m
        self._plane(z_m).ellipse(x, y, radius, radius * flat, darker(asphalt, 0.3))
        self._plane(z_m).ellipse(x, y, radius * 0.8, radius * 0.8 * flat, darker(asphalt, 0.16))
