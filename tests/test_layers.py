"""Who may import whom: a strict order from top to bottom, no circles, and a pure core."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SRC = Path(__file__).parent.parent / "src"
ORDER = [  # folders and modules of the package, from top to bottom
    "__main__", "__init__", "cli", "lab", "dashboard", "server", "analysis", "viewers", "bus",
    "config", "camera", "faults", "detect", "media", "street", "client", "protocol", "settings",
    "tokens", "plugins", "loop_timer", "core", "processes", "loop_thread", "extras", "errors",
    "credentials",    "secret", "address", "clock", "cores", "heap", "signals", "version",
]  # fmt: skip
CLIENT_MAY_IMPORT = {"client", "protocol", "core", "errors", "credentials", "address", "clock"}
REGISTRIES = {  # who imports what ``built_in.toml`` names
    "sources": "streamlab.media.opening",
    "detectors": "streamlab.detect.load",
    "renderers": "streamlab.detect.renderers",
}
NAMED = re.compile(r"streamlab(\.\w+)+(:\w+)?")  # for import_module, or an entry point
PURE = {
    "__future__", "base64", "binascii", "bisect", "collections", "dataclasses", "enum",
    "fractions", "functools", "hashlib", "heapq", "itertools", "json", "math", "re",
    "struct", "typing",
}  # fmt: skip
PURE_FOLDERS = {
    "core": {*PURE, "streamlab.core", "streamlab.errors"},
    "protocol": {*PURE, "streamlab.protocol", "streamlab.core", "streamlab.errors", "msgspec"},
}


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__")


MODULES = {name_of(path): path for path in sorted(SRC.rglob("*.py"))}


def place_of(module: str) -> str:
    """Return the folder or module of the package that a module is, or is in."""
    return module.split(".")[1] if "." in module else "__init__"


def imports_of(path: Path) -> Iterator[str]:
    """Yield the modules that a file imports: at its top, late, for types, or by a literal name."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Import(names=names):
                yield from (each.name for each in names)
            case ast.ImportFrom(module=str(module), names=names, level=0):
                inner = [f"{module}.{each.name}" for each in names]
                yield from (name if name in MODULES else module for name in inner)
            case ast.ImportFrom():
                raise AssertionError(f"{path}: relative import")
            case ast.Constant(value=str(text)) if NAMED.fullmatch(text):
                yield from {text.split(":")[0]} & set(MODULES)


IMPORTS = {module: set(imports_of(path)) for module, path in MODULES.items()}
BUILT_IN = tomllib.loads((SRC / "streamlab" / "built_in.toml").read_text())
for sort, named in BUILT_IN.items():
    IMPORTS[REGISTRIES[sort]] |= {address.split(":")[0] for address in named.values()}


def test_every_folder_and_module_has_a_place() -> None:
    assert {place_of(module) for module in MODULES} == set(ORDER)


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down(module: str) -> None:
    own = ORDER.index(place_of(module))
    for name in IMPORTS[module]:
        if name.split(".")[0] == "streamlab" and place_of(name) != place_of(module):
            assert ORDER.index(place_of(name)) > own, f"{name} lies above"


def test_no_files_import_each_other() -> None:
    try:
        TopologicalSorter({module: IMPORTS[module] & set(MODULES) for module in MODULES}).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@pytest.mark.parametrize("module", [each for each in MODULES if place_of(each) in PURE_FOLDERS])
def test_the_core_and_the_protocol_know_nothing_of_time_and_the_world(module: str) -> None:
    allowed = PURE_FOLDERS[place_of(module)]
    for name in IMPORTS[module]:
        parts = name.split(".")
        assert {parts[0], ".".join(parts[:2])} & allowed, name


@pytest.mark.parametrize("module", [each for each in MODULES if place_of(each) == "client"])
def test_the_client_knows_of_a_server_what_the_protocol_says(module: str) -> None:
    for name in IMPORTS[module]:
        assert name.split(".")[0] != "streamlab" or place_of(name) in CLIENT_MAY_IMPORT, name


@pytest.mark.parametrize("path", MODULES.values(), ids=MODULES)
def test_files_stay_readable(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 300
