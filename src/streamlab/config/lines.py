"""Finds the line of a TOML file that sets a value, with the standard library's parser.

A TOML document is a sequence of statements, so a prefix of its lines parses exactly if it ends
between two of them. The shortest such prefix that has a value ends with the statement that sets it.
"""

from __future__ import annotations

import tomllib
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

Path = Sequence[str | int]


def line_of(text: str, path: Path) -> int:
    """Return the number, from 1, of the line where a value begins, or else its table.

    Args:
        text: a valid TOML document.
        path: keys and indexes of the value, such as ``("cameras", 1, "source")``.
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
    """Return the length and value of the longest prefix of at most ``count`` lines that parses."""
    for length in range(max(0, count), 0, -1):
        try:
            return length, tomllib.loads("".join(lines[:length]))
        except tomllib.TOMLDecodeError:
            continue
    return 0, {}
