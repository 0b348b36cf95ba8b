"""What the address of a synthetic camera asks for, and how frame rates are written."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from streamlab.address import Address
from streamlab.errors import SourceError

if TYPE_CHECKING:
    from streamlab.media.spec import SourceSpec

MAX_QUERY_FIELDS = 64
_RATE = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?|[0-9]{1,6}/[0-9]{1,6}")
_NTSC = {"23.976": 24, "23.98": 24, "29.97": 30, "59.94": 60}
WIDTHS_PX, HEIGHTS_PX = (160, 3840), (90, 2160)
_STREET_BOUNDS = {"width": WIDTHS_PX, "height": HEIGHTS_PX, "seed": (0, 2**32 - 1)}


@dataclass(frozen=True, slots=True)
class StreetParameters:
    """What ``synthetic://traffic?width=&height=&fps=&seed=`` asks for."""

    width: int = 640
    height: int = 360
    fps: Fraction = Fraction(30)
    seed: int = 1

    @classmethod
    def parse(cls, spec: SourceSpec) -> StreetParameters:
        """Read the query of a synthetic source. Raises SourceError that names what is allowed."""
        parts = Address.parse(spec.address)
        if parts.host != "traffic":
            raise SourceError(
                f"there is no synthetic scene '{parts.host}'", hint="The only scene is traffic."
            )
        query = _fields(parts.query)
        unknown = sorted(set(query) - {*_STREET_BOUNDS, "fps"})
        if unknown:
            raise SourceError(
                f"the synthetic scene has no parameter '{unknown[0][:32]}'",
                hint="Its parameters are width, height, fps and seed.",
            )
        numbers = {name: _whole(name, query[name]) for name in _STREET_BOUNDS if name in query}
        fps = parse_rate(query.get("fps", "30"))
        if not 1 <= fps <= 120:
            raise SourceError(f"fps is {fps}", hint="It must be 1 to 120.")
        return cls(**numbers, fps=fps)


def _fields(query: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_QUERY_FIELDS))
    except ValueError:
        raise SourceError(f"the query has more than {MAX_QUERY_FIELDS} parameters") from None


def parse_rate(text: str) -> Fraction:
    """Read a frame rate: ``30``, ``29.97`` (which means 30000/1001) or ``30000/1001``.

    There are no exponents: ``1e999999999`` as a Fraction takes all memory.
    """
    if text in _NTSC:
        return Fraction(_NTSC[text] * 1000, 1001)
    if _RATE.fullmatch(text):
        with suppress(ZeroDivisionError):
            return Fraction(text)
    raise SourceError(
        f"fps is '{text[:16]}'", hint="Write a number or a ratio, such as 30000/1001."
    )


def _whole(name: str, text: str) -> int:
    low, high = _STREET_BOUNDS[name]
    is_number = len(text) <= 10 and text.isdecimal()
    if not is_number or not low <= int(text) <= high or (name != "seed" and int(text) % 2):
        even = "" if name == "seed" else "even, "
        raise SourceError(
            f"{name} is '{text[:16]}'", hint=f"It must be a whole number, {even}{low} to {high}."
        )
    return int(text)
