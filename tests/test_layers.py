"""Who may import whom: arrows go down, and the core stays pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SRC = Path(__file__).parent.parent / "src" / "streamlab"
FLOORS = {
    "errors": 0,
    "clock": 0,
    "cores": 0,
    "heap": 0,
    "signals": 0,
    "plugins": 1,
    "address": 0,
    "credentials": 0,
    "config": 3,
    "core": 1,
    "protocol": 2,
    "street": 2,
    "settings": 3,
    "media": 3,
    "detect": 3,
    "faults": 4,
    "pipeline": 5,
    "manager": 5,
    "traces": 5,
    "observe": 5,
    "server": 6,
    "client": 6,
    "ui": 6,
    "cli": 7,
    "__main__": 8,
    "__init__": 0,
}
CORE_MAY_IMPORT = {
    "__future__", "base64", "binascii", "bisect", "collections", "dataclasses", "enum",
    "fractions", "functools", "hashlib", "heapq", "itertools", "json", "math", "re",
    "struct", "typing",
}  # fmt: skip
MODULES = sorted(SRC.rglob("*.py"))


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""


def floor_of(module: str) -> int:
    parts = module.split(".")
    return FLOORS[parts[1]] if len(parts) > 1 else 0


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SRC)))
def test_imports_never_go_up(path: Path) -> None:
    own = FLOORS[path.relative_to(SRC).parts[0].removesuffix(".py")]
    for name in imports_of(path):
        if name.split(".")[0] == "streamlab":
            assert floor_of(name) <= own, f"{name} lies above"


@pytest.mark.parametrize("path", sorted((SRC / "core").glob("*.py")), ids=lambda path: path.name)
def test_the_core_imports_nothing_that_knows_time_or_the_world(path: Path) -> None:
    for name in imports_of(path):
        ours = name.startswith("streamlab.core") or name == "streamlab.errors"
        assert ours or name.split(".")[0] in CORE_MAY_IMPORT, name


@pytest.mark.parametrize("path", sorted((SRC / "client").glob("*.py")), ids=lambda path: path.name)
def test_the_client_knows_of_a_server_what_the_protocol_says(path: Path) -> None:
    for name in imports_of(path):
        module = name.removeprefix("streamlab.")
        if module != name:
            folder = module.split(".")[0]
            assert folder in ("client", "protocol", "core") or FLOORS[folder] == 0, name


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SRC)))
def test_files_stay_readable(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 300
