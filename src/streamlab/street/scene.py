"""The synthetic street: draws the picture and returns the ground truth of every frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from streamlab.core.truth_strip import (
    BLACK_LUMA,
    CELLS,
    WHITE_LUMA,
    cell_bounds_px,
    strip_bits,
    strip_height_px,
)
from streamlab.street.backdrop import paint_backdrop
from streamlab.street.fall import falling
from streamlab.street.fleet import Fleet, lanes
from streamlab.street.look import Look, air_of
from streamlab.street.parameters import HEIGHTS_PX, WIDTHS_PX, StreetParameters
from streamlab.street.perspective import Perspective
from streamlab.street.stamps import STEPS, STEPS_PER_PX, Plane, Stamp
from streamlab.street.yuv import CHROMA_RANGE, LUMA_RANGE, NEUTRAL_CHROMA, halved, to_yuv

MIN_VISIBLE_FRACTION = 0.25
MIN_SIDE_PX = 6


@dataclass(frozen=True, slots=True)
class TruthBox:
    """One object of a frame: the box of its visible part, px; ``x2`` and ``y2`` are exclusive."""

    x1: float
    y1: float
    x2: float
    y2: float
    class_name: str
    track_id: int
    """Constant while the object is in view, and unique to it."""
    visible_fraction: float
    """Fraction of its pixels that are neither hidden by others nor outside the picture."""


@dataclass(frozen=True, slots=True)
class _Actor:
    """A stamp at its column, and the object that it shows."""

    stamp: Stamp
    x: int
    class_name: str
    track_id: int


class Street:
    """Draws the pictures of a street with traffic, and returns their ground truth.

    ``draw`` and ``truth`` depend only on the arguments of the street and the frame number:
    frames may be requested in any order and are identical byte for byte. The number may grow
    without bound; only the truth strip wraps, at 2**24.
    """

    CLASS_NAMES: tuple[str, ...] = ("person", "bicycle", "car", "motorcycle", "bus", "truck")

    def __init__(
        self,
        width: int = 640,
        height: int = 360,
        *,
        fps: Fraction = Fraction(30),
        seed: int = 1,
        look: Look = Look(),  # noqa: B008 - frozen
    ) -> None:
        """Render the sprites of everything that moves, once.

        Raises ``ValueError`` if a side is odd or outside 160-3840 x 90-2160 px, or if ``fps``
        is not positive.
        """
        _check_size(width, height)
        if fps <= 0:
            raise ValueError(f"fps must be more than 0, got {fps}")
        self.width = width
        self.height = height
        self.fps = fps
        self.look = look
        self._seed = seed
        air = air_of(look)
        self._perspective = Perspective(width, height, look.camera_height_m)
        supersample = 4 if height <= 720 else 2 if height <= 1080 else 1
        self._strip_px = strip_height_px(height)
        self._cell_of_column = _cell_of_column(width)
        self._luma, self._chroma = self._backdrop(
            to_yuv(paint_backdrop(self._perspective, air, seed, supersample))
        )
        self._fall = falling(look.weather, width, height, seed)
        self._fleets = [
            Fleet(lane, self._perspective, air, supersample) for lane in lanes(lights=air.lamps)
        ]

    @classmethod
    def of(cls, asked: StreetParameters) -> Street:
        """Return the street for the parameters of a URL: the one in use, or a new one.

        Creating it takes up to half a minute: do not call it in an event loop. Thread-safe.
        """
        street = _in_use.get(asked)
        if street is None:
            street = cls(asked.width, asked.height, fps=asked.fps, seed=asked.seed)
            _in_use[asked] = street
        return street

    def draw(self, number: int) -> NDArray[np.uint8]:
        """Return the picture of frame ``number`` as a new I420 image.

        uint8 of shape ``(height * 3 // 2, width)``, BT.601 limited range, with the truth strip
        and a black channel cell. Raises ``ValueError`` if ``number`` is negative.
        """
        image = np.empty((self.height * 3 // 2, self.width), np.uint8)
        luma = image[: self.height]
        luma[:] = self._luma
        chroma = self._chroma.copy()
        for actor in self._actors(number):
            actor.stamp.draw(luma, chroma, actor.x)
        for layer in self._fall:
            layer.draw(luma, float(number / self.fps), self._strip_px)
        self._draw_strip(luma, number)
        planes = image[self.height :].reshape(2, self.height // 2, self.width // 2)
        planes[0] = chroma[:, 0::2]
        planes[1] = chroma[:, 1::2]
        return image

    def truth(self, number: int) -> list[TruthBox]:
        """Return the objects visible in frame ``number``, the farthest first.

        Objects are omitted if less than a quarter of their pixels are visible (pixels outside
        the picture count as hidden) or if a side of their box is less than 6 px. Raises
        ``ValueError`` if ``number`` is negative.
        """
        covered = np.zeros((self.height, self.width), np.bool_)
        boxes = [_uncover(actor, covered) for actor in reversed(list(self._actors(number)))]
        return [box for box in reversed(boxes) if box is not None]

    def _actors(self, number: int) -> Iterator[_Actor]:
        """Yield the objects of a frame, the farthest first."""
        if number < 0:
            raise ValueError(f"a frame number must be 0 or more, got {number}")
        time_s = float(number / self.fps)
        for fleet in self._fleets:
            lane = fleet.lane
            for traveller in lane.travellers(
                time_s,
                self._perspective.half_width_m(lane.z_m),
                seed=self._seed,
                density=self.look.density,
            ):
                x_px = self.width / 2 + traveller.x_m * self._perspective.metre_px(lane.z_m)
                column, step = divmod(round(x_px * STEPS_PER_PX), STEPS)
                identity = (traveller.place + fleet.places) * len(self._fleets) + lane.number
                for index, (class_name, stamps) in enumerate(fleet.parts(traveller)):
                    yield _Actor(stamps[step], 2 * column, class_name, 2 * identity + index + 1)

    def _backdrop(self, yuv: NDArray[np.float32]) -> tuple[Plane, Plane]:
        """Return Y and interleaved UV of the empty street, UV neutral at strip and channel cell."""
        luma = np.clip(np.rint(yuv[:, :, 0]), *LUMA_RANGE).astype(np.uint8)
        pairs = np.rint(halved(np.ascontiguousarray(yuv[:, :, 1:])))
        pairs[: (self._strip_px + 1) // 2] = NEUTRAL_CHROMA
        pairs[: self._strip_px, : (cell_bounds_px(0, self.width)[1] + 1) // 2] = NEUTRAL_CHROMA
        chroma = np.clip(pairs, *CHROMA_RANGE).astype(np.uint8)
        return luma, chroma.reshape(self.height // 2, self.width)

    def _draw_strip(self, luma: Plane, number: int) -> None:
        height = self._strip_px
        bits = np.where(strip_bits(number), WHITE_LUMA, BLACK_LUMA).astype(np.uint8)
        luma[:height] = bits[self._cell_of_column]
        luma[height : 2 * height, : cell_bounds_px(0, self.width)[1]] = BLACK_LUMA


_in_use: WeakValueDictionary[StreetParameters, Street] = WeakValueDictionary()


def _check_size(width: int, height: int) -> None:
    for name, side, (low, high) in (("width", width, WIDTHS_PX), ("height", height, HEIGHTS_PX)):
        if side % 2 or not low <= side <= high:
            raise ValueError(f"{name} must be even and {low} to {high} px, got {side}")


def _cell_of_column(width: int) -> NDArray[np.intp]:
    cells = np.empty(width, np.intp)
    for cell in range(CELLS):
        cells[slice(*cell_bounds_px(cell, width))] = cell
    return cells


def _uncover(actor: _Actor, covered: NDArray[np.bool_]) -> TruthBox | None:
    """Return the truth of an actor's uncovered pixels, None for too few, and cover them."""
    stamp = actor.stamp
    left, top = actor.x + stamp.mask_left, stamp.mask_top
    first, end = max(0, -left), max(0, left + stamp.mask.shape[1])
    region = covered[top : top + stamp.mask.shape[0], left + first : end]
    mask = stamp.mask[: region.shape[0], first : first + region.shape[1]]
    seen = mask & ~region
    region |= mask
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    fraction = np.count_nonzero(seen) / max(1, stamp.area_px)
    if fraction < MIN_VISIBLE_FRACTION:
        return None
    left += first
    x1, x2 = left + float(columns[0]), left + float(columns[-1]) + 1
    y1, y2 = top + float(rows[0]), top + float(rows[-1]) + 1
    if min(x2 - x1, y2 - y1) < MIN_SIDE_PX:
        return None
    return TruthBox(x1, y1, x2, y2, actor.class_name, actor.track_id, fraction)
