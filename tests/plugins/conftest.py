from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .installing import install_example


@pytest.fixture
def clean_modules() -> Iterator[None]:
    """Forget afterwards what was imported meanwhile."""
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in ("squares", "broken_module"):
            del sys.modules[name]


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean_modules: None) -> list[str]:
    """The example package is installed; what is on the path for it."""
    paths = install_example(tmp_path)
    for path in paths:
        monkeypatch.syspath_prepend(path)
    return paths


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean_modules: None) -> Path:
    """A folder on the path."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return folder
