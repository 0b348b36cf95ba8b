"""Draws the folders of the package and their imports, as Mermaid, into docs/architecture.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.test_layers import IMPORTS, ORDER, SRC, place_of

PAGE = Path(__file__).parent.parent / "docs" / "architecture.md"
BEGIN, END = "<!-- drawn by tests/draw_architecture.py -->\n", "<!-- end -->\n"
FOLDERS = [name for name in ORDER if (SRC / "streamlab" / name).is_dir()]


def imports_between_folders() -> dict[str, set[str]]:
    """Return which folders each folder imports from."""
    found: dict[str, set[str]] = {name: set() for name in FOLDERS}
    for module, imported in IMPORTS.items():
        own = place_of(module)
        if own in found:
            found[own] |= {place_of(name) for name in imported if name.startswith("streamlab.")}
    return {name: (below & set(FOLDERS)) - {name} for name, below in found.items()}


def reach(start: str, arrows: Mapping[str, set[str]]) -> set[str]:
    """Return what can be reached from a folder, over any number of arrows."""
    return arrows[start].union(*(reach(below, arrows) for below in arrows[start]))


def lines() -> Iterator[str]:
    arrows = imports_between_folders()
    yield "```mermaid\nflowchart TD\n"
    for name, below in arrows.items():
        implied = set[str]().union(*(reach(each, arrows) for each in below))
        for each in sorted(below - implied, key=FOLDERS.index):
            yield f"  {name} --> {each}\n"
    yield "```\n"


def with_picture(page: str) -> str:
    """Return the page with the picture as the code has it now."""
    head, rest = page.split(BEGIN)
    return head + BEGIN + "".join(lines()) + END + rest.split(END)[1]


if __name__ == "__main__":
    PAGE.write_text(with_picture(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
