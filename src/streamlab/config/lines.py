"""Where in a TOML file a value is set, found with the standard library's parser.

A TOML document is a sequence of statements, so a prefix of its lines parses exactly when it ends
between two of them. The first such prefix that has a value ends with the statement that sets it.
"""

from __future__ import annotations

import tomllib
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

Path = Sequence[str | int]


def line_of(text: str, path: Path) -> int:
    """Return the number of the line where a value, or else its table, begins; from 1.

    ``path`` has keys and indexes, such as ``("cameras", 1, "source")``. ``text`` must be valid.
    """
    lines = text.splitlines(keepends=True)
    while path and not _holds(lines, len(lines), path):
        path = path[:-1]
    end = bisect_left(range(len(lines) + 1), True, key=lambda count: _holds(lines, count, path))
    before, _ = _parsed(lines, end - 1)
    return min(before + 1, max(1, len(lines)))


def _holds(lines: Sequence[str], count: int, path: Path) -> bool:
    _, value = _parsed(lines, count)
    for key in path:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def _parsed(lines: Sequence[str], count: int) -> tuple[int, Any]:
    """Return the longest prefix of at most ``count`` lines that parses: its length, and value."""
    for length in range(max(0, count), 0, -1):
        try:
            return length, tomllib.loads("".join(lines[:length]))
        except tomllib.TOMLDecodeError:
            continue
    return 0, {}
