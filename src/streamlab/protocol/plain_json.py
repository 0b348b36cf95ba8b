"""Parses JSON strictly, as both sides of the protocol do."""

from __future__ import annotations

from typing import Any

import msgspec

_decode = msgspec.json.Decoder().decode


def parse_json(data: bytes) -> Any:
    """Parse a document. Raises ValueError if it is not JSON, or nested too deeply."""
    try:
        return _decode(data)
    except RecursionError:
        raise ValueError("nested too deeply") from None
