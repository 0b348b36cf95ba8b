"""pyproject.toml is the one list of dependencies; environment.yml goes through it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent


def project() -> dict[str, Any]:
    data: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return data


def test_environment_installs_through_pyproject() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert environment["name"] == project()["name"]
    (pip,) = (part["pip"] for part in environment["dependencies"] if isinstance(part, dict))
    (editable,) = pip
    match = re.fullmatch(r"--editable \.\[([a-z,]+)\]", editable)
    assert match is not None
    assert set(match[1].split(",")) <= set(project()["optional-dependencies"])


def test_environment_asks_for_the_same_python() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    (python,) = (p for p in environment["dependencies"] if str(p).startswith("python"))
    assert python.removeprefix("python") == project()["requires-python"]


def test_the_demo_needs_no_torch() -> None:
    names = {re.split(r"[\[<>=~! ]", line)[0] for line in project()["dependencies"]}
    assert not names & {"torch", "torchvision", "ultralytics", "opencv-python"}


def test_the_four_extras_are_there() -> None:
    assert {"lab", "yolo", "cluster", "dev"} <= set(project()["optional-dependencies"])
