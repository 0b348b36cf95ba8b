"""The camera: a pinhole that looks straight across the road.

Ground coordinates, in metres, are ``x`` (to the right, 0 in the middle of the picture) and ``z``
(away from the camera). At depth ``z`` a metre is ``FOCAL / z`` units, and the ground lies
``camera_height_m`` such metres below the horizon; a unit is 1/360 of the picture's height.
"""

from __future__ import annotations

from dataclasses import dataclass

UNITS = 360
FOCAL = 360.0

# Depths of the street, m.
NEAR_KERB_M = 13.3
ROAD_NEAR_M = 15.0
LANE_M = 3.2
FAR_KERB_M = ROAD_NEAR_M + 4 * LANE_M
FACADES_M = 31.0

# The ground at this depth is at this row (in units) for every camera height.
_FIXED_DEPTH_M = 12.0
_FIXED_ROW = 346.0


@dataclass(frozen=True, slots=True)
class Perspective:
    """Maps depths on the ground to rows of a picture of ``width`` x ``height`` px."""

    width: int
    height: int
    camera_height_m: float

    @property
    def unit_px(self) -> float:
        """Size of a unit, px."""
        return self.height / UNITS

    @property
    def horizon_px(self) -> float:
        """Row of the horizon, px."""
        return (_FIXED_ROW - self.camera_height_m * FOCAL / _FIXED_DEPTH_M) * self.unit_px

    def metre_px(self, z_m: float) -> float:
        """Return the size of a metre at depth ``z_m``, px."""
        return FOCAL / z_m * self.unit_px

    def ground_px(self, z_m: float) -> float:
        """Return the row of the ground at depth ``z_m``, px."""
        return self.horizon_px + self.camera_height_m * self.metre_px(z_m)

    def depth_m(self, row_px: float) -> float:
        """Return the depth of the ground that is seen at a row below the horizon, m."""
        return self.camera_height_m * FOCAL * self.unit_px / (row_px - self.horizon_px)

    def half_width_m(self, z_m: float) -> float:
        """Return how far the picture extends to either side at depth ``z_m``, m."""
        return self.width / 2 / self.metre_px(z_m)
