"""Puts packages on the path as an installer does: their files, and their metadata beside them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

EXAMPLE = Path(__file__).parent / "example"
EntryPoints = Mapping[str, Mapping[str, str]]


def write_metadata(folder: Path, name: str, version: str, entry_points: EntryPoints) -> None:
    """Write what ``importlib.metadata`` reads of a package."""
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir()
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    (info / "METADATA").write_text(metadata)
    lines: list[str] = []
    for group, points in entry_points.items():
        lines += [f"[{group}]", *(f"{key} = {value}" for key, value in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines))


def install_example(folder: Path) -> list[str]:
    """Return what to put on the path for the example package; its metadata goes to ``folder``."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    write_metadata(folder, project["name"], project["version"], project["entry-points"])
    return [str(EXAMPLE), str(folder)]


def install_module(folder: Path, code: str, entry_points: EntryPoints) -> None:
    """Write the package ``broken`` 0.1, one module, to a folder that is on the path."""
    (folder / "broken_module.py").write_text(code)
    write_metadata(folder, "broken", "0.1", entry_points)
