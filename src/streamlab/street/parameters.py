"""Parses the query of a ``synthetic://`` URL."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from urllib.parse import parse_qsl

from streamlab.address import Address
from streamlab.core.time.frame_rate import parse_rate
from streamlab.errors import SourceError

MAX_QUERY_FIELDS = 64
WIDTHS_PX, HEIGHTS_PX = (160, 3840), (90, 2160)
MAX_ASPECT = 8
_BOUNDS = {"width": WIDTHS_PX, "height": HEIGHTS_PX, "seed": (0, 2**32 - 1)}


@dataclass(frozen=True, slots=True)
class StreetParameters:
    """The parameters in ``synthetic://traffic?width=&height=&fps=&seed=``."""

    width: int = 640
    height: int = 360
    fps: Fraction = Fraction(30)
    seed: int = 1

    @classmethod
    def parse(cls, url: str) -> StreetParameters:
        """Parse a synthetic camera's URL. Raises SourceError, which names the allowed values."""
        parts = Address.parse(url)
        if parts.host != "traffic":
            raise SourceError(
                f"there is no synthetic scene '{parts.host}'", hint="The only scene is traffic."
            )
        query = _fields(parts.query)
        unknown = sorted(set(query) - {*_BOUNDS, "fps"})
        if unknown:
            raise SourceError(
                f"the synthetic scene has no parameter '{unknown[0][:32]}'",
                hint="Its parameters are width, height, fps and seed.",
            )
        numbers = {name: _whole(name, query[name]) for name in _BOUNDS if name in query}
        fps = parse_rate(query.get("fps", "30"))
        if not 1 <= fps <= 120:
            raise SourceError(f"fps is {fps}", hint="It must be 1 to 120.")
        asked = cls(**numbers, fps=fps)
        if max(asked.width, asked.height) > MAX_ASPECT * min(asked.width, asked.height):
            raise SourceError(
                f"a street of {asked.width}x{asked.height} px cannot be drawn",
                hint=f"No side may be more than {MAX_ASPECT} times as long as the other.",
            )
        return asked


def _fields(query: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_QUERY_FIELDS))
    except ValueError:
        raise SourceError(f"the query has more than {MAX_QUERY_FIELDS} parameters") from None


def _whole(name: str, text: str) -> int:
    low, high = _BOUNDS[name]
    is_number = len(text) <= 10 and text.isdecimal()
    if not is_number or not low <= int(text) <= high or (name != "seed" and int(text) % 2):
        even = "" if name == "seed" else "even, "
        raise SourceError(
            f"{name} is '{text[:16]}'", hint=f"It must be a whole number, {even}{low} to {high}."
        )
    return int(text)
