"""The architecture page: its links lead somewhere, its names exist, its picture is the code's."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.draw_architecture import FOLDERS, PAGE, with_picture

TEXT = PAGE.read_text(encoding="utf-8")
LINKS = sorted({target for target in re.findall(r"\]\(([^)#]+)", TEXT) if "://" not in target})
# A link to a file and the names after it: "[`media/x.py`](...), `Class.method` and `function`".
NAMED = re.findall(r"\[`[\w/]+\.py`\]\(([^)]+\.py)\),((?:(?: and)? `[\w.]+`)+)", TEXT)
NAMES = [(target, name) for target, names in NAMED for name in re.findall(r"`([\w.]+)`", names)]
MOST_FILES = {"A frame": 12, "A switch": 7, "A setting": 7}


@pytest.mark.parametrize("target", LINKS)
def test_links_lead_to_files(target: str) -> None:
    assert (PAGE.parent / target).exists()


@pytest.mark.parametrize(("target", "name"), NAMES)
def test_names_exist_where_the_page_says(target: str, name: str) -> None:
    body = ast.parse((PAGE.parent / target).read_text(encoding="utf-8")).body
    for part in name.split("."):
        found = [node for node in body if part in _names_of(node)]
        assert found, f"{part} is not in {target}"
        body = getattr(found[0], "body", [])


def _names_of(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return {target.id for target in targets if isinstance(target, ast.Name)}


@pytest.mark.parametrize("title", MOST_FILES)
def test_a_walk_is_short_and_enters_no_file_twice(title: str) -> None:
    walk = TEXT.split(f"## {title}")[1].split("\n## ")[0]
    steps = re.findall(r"^\d+\. \[`([\w/]+\.py)`\]", walk, re.MULTILINE)
    assert len(steps) == len(set(steps)) <= MOST_FILES[title]


def test_every_folder_is_on_the_page() -> None:
    for name in FOLDERS:
        assert f"[{name}](../src/streamlab/{name})" in TEXT


def test_the_picture_is_drawn_from_the_code_as_it_is() -> None:
    assert with_picture(TEXT) == TEXT, "run python -m tests.draw_architecture"


def test_the_page_is_linked_from_the_readme() -> None:
    readme = Path(__file__).parent.parent / "README.md"
    assert "docs/architecture.md" in readme.read_text(encoding="utf-8")
