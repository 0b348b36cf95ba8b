"""Parses frame rates as people write them."""

from __future__ import annotations

import re
from fractions import Fraction

from streamlab.errors import SourceError

_RATE = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?|[0-9]{1,6}/(?!0+\Z)[0-9]{1,6}")
_NTSC = {"23.976": 24, "23.98": 24, "29.97": 30, "59.94": 60}


def parse_rate(text: str) -> Fraction:
    """Parse a frame rate: ``30``, ``29.97`` (which means 30000/1001) or ``30000/1001``.

    Exponents are rejected: ``1e999999999`` as a Fraction would exhaust memory. Raises SourceError
    if the text is not a rate.
    """
    if text in _NTSC:
        return Fraction(_NTSC[text] * 1000, 1001)
    if _RATE.fullmatch(text):
        return Fraction(text)
    raise SourceError(
        f"fps is '{text[:16]}'", hint="Write a number or a ratio, such as 30000/1001."
    )
