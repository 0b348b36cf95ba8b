"""Positions of the traffic at any time, in closed form: no state is kept between frames.

A lane is an endless row of places of equal length that moves at one speed. A hash of the place's
number decides whether the place is taken, by which model and how far from its middle, so
neighbours never touch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, floor

from streamlab.street.models import Model

_WORD = (1 << 64) - 1
_GAP_M = 1.0


@dataclass(frozen=True, slots=True)
class Traveller:
    """An object in a lane: its place number, model index, position and distance travelled."""

    place: int
    model: int
    x_m: float
    travelled_m: float


@dataclass(frozen=True, slots=True)
class Lane:
    """A row of places that moves to the right, or to the left if ``speed_m_s`` is negative."""

    number: int
    z_m: float
    speed_m_s: float
    place_m: float
    models: tuple[Model, ...]

    def travellers(
        self, time_s: float, half_width_m: float, *, seed: int, density: float
    ) -> Iterator[Traveller]:
        """Yield the travellers between ``-half_width_m`` and ``half_width_m``, or just outside."""
        travelled = abs(self.speed_m_s) * time_s
        direction = 1 if self.speed_m_s > 0 else -1
        # The middle of place p is travelled - p * place_m metres past the edge where it enters.
        first = ceil((travelled - 2 * half_width_m) / self.place_m - 1)
        last = floor(travelled / self.place_m + 1)
        for place in range(first, last + 1):
            dice = _hash(seed, self.number, place)
            if (dice & 0xFFFF) >= density * 0x10000:
                continue
            # Steps of 3 plus at most 2: with 9 models or more, neighbours look different.
            model = (3 * place + (dice >> 16 & 0xFFFF) % 3) % len(self.models)
            room = self.place_m - self.models[model].length_m - _GAP_M
            shift = ((dice >> 32 & 0xFFFF) / 0x10000 - 0.5) * room
            past_edge = travelled - place * self.place_m + shift
            yield Traveller(place, model, direction * (past_edge - half_width_m), past_edge)


def _hash(seed: int, lane: int, place: int) -> int:
    """Hash three numbers to 64 bits (the finalizer of SplitMix64; Steele et al. 2014)."""
    word = (
        seed * 0x9E3779B97F4A7C15 + lane * 0xD1B54A32D192ED03 + place * 0x8CB92BA72F3D8DD7
    ) & _WORD
    word = ((word ^ word >> 30) * 0xBF58476D1CE4E5B9) & _WORD
    word = ((word ^ word >> 27) * 0x94D049BB133111EB) & _WORD
    return word ^ word >> 31
