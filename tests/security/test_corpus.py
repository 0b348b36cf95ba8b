"""What once broke a parser, and the inputs that fuzzing starts from, break none any more."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.corpus_files import CORPUS
from tests.fuzz.parsers import TARGETS

KEPT = [path for name in TARGETS for path in sorted((CORPUS / name).glob("*"))]


@pytest.mark.parametrize("path", KEPT, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_once_broke_a_parser(path: Path) -> None:
    TARGETS[path.parent.name].run(path.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
@given(data=st.data())
def test_a_changed_input(name: str, data: st.DataObject) -> None:
    target = TARGETS[name]
    target.run(b"")
    seed = bytearray(data.draw(st.sampled_from(target.seeds)))
    for at, value in data.draw(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 255)))):
        if at < len(seed):
            seed[at] = value
    target.run(bytes(seed[: data.draw(st.integers(0, len(seed)))]) + data.draw(st.binary()))
