"""Where everybody is at a time, in closed form: nothing is carried from frame to frame.

A lane is an endless row of places of equal length that moves at one speed. Whether a place is
taken, by which model and how far from its middle follows from a hash of the place's number, so
neighbours can never touch.
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
    """Somebody in a lane: the number of the place, the model's index, and where it is."""

    place: int
    model: int
    x_m: float
    travelled_m: float


@dataclass(frozen=True, slots=True)
class Lane:
    """A row of places that moves to the right, or to the left when ``speed_m_s`` is negative."""

    number: int
    z_m: float
    speed_m_s: float
    place_m: float
    models: tuple[Model, ...]

    def travellers(
        self, time_s: float, half_width_m: float, *, seed: int, density: float
    ) -> Iterator[Traveller]:
        """Yield who is between ``-half_width_m`` and ``half_width_m``, or just outside."""
        travelled = abs(self.speed_m_s) * time_s
        direction = 1 if self.speed_m_s > 0 else -1
        # Place p has its middle travelled - p * place_m metres past the edge where it comes in.
        first = ceil((travelled - 2 * half_width_m) / self.place_m - 1)
        last = floor(travelled / self.place_m + 1)
        for place in range(first, last + 1):
            dice = _hash(seed, self.number, place)
            if (dice & 0xFFFF) >= density * 0x10000:
                continue
            # In steps of 3, off by 2 at most: with 9 models or more, neighbours look different.
            model = (3 * place + (dice >> 16 & 0xFFFF) % 3) % len(self.models)
            room = self.place_m - self.models[model].length_m - _GAP_M
            shift = ((dice >> 32 & 0xFFFF) / 0x10000 - 0.5) * room
            past_edge = travelled - place * self.place_m + shift
            yield Traveller(place, model, direction * (past_edge - half_width_m), past_edge)


def _hash(seed: int, lane: int, place: int) -> int:
    """Mix three numbers to 64 bits (the finalizer of SplitMix64; Steele et al. 2014)."""
    word = (
        seed * 0x9E3779B97F4A7C15 + lane * 0xD1B54A32D192ED03 + place * 0x8CB92BA72F3D8DD7
    ) & _WORD
    word = ((word ^ word >> 30) * 0xBF58476D1CE4E5B9) & _WORD
    word = ((word ^ word >> 27) * 0x94D049BB133111EB) & _WORD
    return word ^ word >> 31
