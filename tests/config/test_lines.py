"""The line of a value in a TOML file."""

from __future__ import annotations

import pytest

from streamlab.config.lines import line_of

TEXT = '''\
# settings
gop_s = 1
allowed_folders = [
  "/a",
  "/b",
]

[[cameras]]
name = "yard"  # [[cameras]]
source = """
a.mp4"""
query.token = "x"

[[cameras]]
  name = "door"
[cameras.query]
key = "y"
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (["gop_s"], 2),
        (["allowed_folders"], 3),
        (["allowed_folders", 1], 3),
        (["cameras"], 8),
        (["cameras", 0, "name"], 9),
        (["cameras", 0, "source"], 10),
        (["cameras", 0, "query", "token"], 12),
        (["cameras", 0, "missing"], 8),
        (["cameras", 1], 14),
        (["cameras", 1, "name"], 15),
        (["cameras", 1, "query", "key"], 17),
        (["nowhere"], 1),
    ],
)
def test_the_line_is_where_the_statement_begins(path: list[str | int], line: int) -> None:
    assert line_of(TEXT, path) == line


def test_an_empty_file_has_one_line() -> None:
    assert line_of("", ["x"]) == 1
