"""The look of the street: light, weather, camera height, density, and the resulting colours."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, get_args

Light: TypeAlias = Literal["day", "overcast", "dusk", "night"]
Weather: TypeAlias = Literal["clear", "rain", "fog", "snow"]
Colour: TypeAlias = int
"""``0xRRGGBB``, full range."""

CAMERA_HEIGHTS_M = (5.0, 9.0)


@dataclass(frozen=True, slots=True)
class Look:
    """Everything that may vary between streets.

    ``camera_height_m`` (5 to 9) sets the horizon: a higher camera sees a deeper road.
    ``density`` (0 to 1) is the fraction of places in the traffic that are taken. A value out of
    range raises ``ValueError``.
    """

    light: Light = "day"
    weather: Weather = "clear"
    camera_height_m: float = 7.5
    density: float = 0.7

    def __post_init__(self) -> None:
        if self.light not in get_args(Light):
            raise ValueError(f"light must be one of {get_args(Light)}, got {self.light!r}")
        if self.weather not in get_args(Weather):
            raise ValueError(f"weather must be one of {get_args(Weather)}, got {self.weather!r}")
        low, high = CAMERA_HEIGHTS_M
        if not low <= self.camera_height_m <= high:
            raise ValueError(f"camera_height_m must be {low} to {high}, got {self.camera_height_m}")
        if not 0 <= self.density <= 1:
            raise ValueError(f"density must be 0 to 1, got {self.density}")


def channels(colour: Colour) -> tuple[int, int, int]:
    """Return red, green and blue, 0-255."""
    return colour >> 16 & 0xFF, colour >> 8 & 0xFF, colour & 0xFF


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Return the colour ``share`` of the way from the first to the second."""
    mixed = 0
    for a, b in zip(channels(first), channels(second), strict=True):
        mixed = mixed << 8 | round(a + (b - a) * share)
    return mixed


@dataclass(frozen=True, slots=True)
class Air:
    """The light, and the air between the camera and the scene."""

    zenith: Colour
    horizon: Colour
    tint: tuple[float, float, float]
    """Factors for red, green and blue."""
    greyness: float
    shadow: float
    """Opacity of the shadow under a vehicle."""
    haze_per_m: float
    lamps: bool
    """True if street lamps, windows and headlights are on."""
    clouds: float
    """Opacity of the clouds."""
    wet: bool = False
    snow: float = 0.0
    """Fraction of white on surfaces open to the sky."""

    @property
    def dark(self) -> bool:
        """True at night."""
        return max(self.tint) < 0.65

    def tone(self, colour: Colour, distance_m: float) -> Colour:
        """Return the colour as seen from ``distance_m`` away."""
        red, green, blue = channels(colour)
        grey = 0.3 * red + 0.59 * green + 0.11 * blue
        toned = 0
        for value, tint in zip((red, green, blue), self.tint, strict=True):
            toned = toned << 8 | min(255, round((value + (grey - value) * self.greyness) * tint))
        return mix(toned, self.horizon, min(1.0, self.haze_per_m * distance_m))

    def snowed(self, colour: Colour, share: float = 1.0) -> Colour:
        """Return the colour with ``share`` of the snow on it."""
        return mix(colour, 0xF6F9FC, self.snow * share)


LIGHTS: dict[Light, Air] = {
    "day": Air(0x6FB1E4, 0xE6F2F8, (1.0, 1.0, 1.0), 0.0, 0.42, 0.0012, False, 0.9),
    "overcast": Air(0xA9B6C1, 0xDBE1E4, (0.86, 0.89, 0.92), 0.3, 0.26, 0.004, False, 0.45),
    "dusk": Air(0x3C4C86, 0xF4AE83, (0.70, 0.56, 0.66), 0.05, 0.4, 0.003, True, 0.35),
    "night": Air(0x0A1230, 0x2C3A66, (0.38, 0.42, 0.56), 0.1, 0.5, 0.002, True, 0.07),
}


def air_of(look: Look) -> Air:
    """Return the air of a look: that of its light, modified by its weather."""
    air = LIGHTS[look.light]
    if look.weather == "clear":
        return air
    night = look.light == "night"
    greys = {"rain": 0x9AA8B3, "fog": 0xCFD6DA, "snow": 0xC9D2D8}
    grey = mix(air.horizon, 0x2A3040 if night else greys[look.weather], 0.6)
    red, green, blue = air.tint
    if look.weather == "rain":
        return replace(
            air,
            zenith=mix(air.zenith, mix(grey, 0x4E5F70, 0.5), 0.8),
            horizon=mix(air.horizon, grey, 0.9),
            tint=(0.76 * red, 0.80 * green, 0.86 * blue),
            greyness=0.12,
            shadow=air.shadow * 0.6,
            haze_per_m=0.004,
            clouds=air.clouds * 0.3,
            wet=True,
        )
    if look.weather == "fog":
        return replace(
            air,
            zenith=grey,
            horizon=grey,
            greyness=0.2,
            shadow=air.shadow * 0.5,
            haze_per_m=0.022,
            clouds=0.0,
        )
    return replace(
        air,
        zenith=mix(air.zenith, grey, 0.75),
        horizon=mix(air.horizon, grey, 0.5),
        greyness=0.15,
        shadow=air.shadow * 0.6,
        haze_per_m=0.007,
        clouds=air.clouds * 0.3,
        snow=0.85,
    )
