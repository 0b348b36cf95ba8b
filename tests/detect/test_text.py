from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.detect.text import MAX_TEXT_CHARS, printable, text_luma

ANYTHING = st.text(st.characters())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("person", "person"),
        ("Fußgänger 歩行者 🚶", "Fußgänger 歩行者 🚶"),
        ("a\x00b\x1b[2J", "a\ufffdb\ufffd[2J"),
        ("\ud800", "\ufffd"),
        ("two\r\n lines\t", "two lines"),
        ("\u202eabc", "\ufffdabc"),
        ("x" * 1000, "x" * (MAX_TEXT_CHARS - 1) + "…"),
        (" " * 1000, ""),
    ],
)
def test_text_becomes_printable(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(ANYTHING)
def test_any_text_can_be_encoded_and_stays_as_it_is(text: str) -> None:
    clean = printable(text)
    clean.encode()
    assert len(clean) <= MAX_TEXT_CHARS
    assert printable(clean) == clean


@pytest.mark.parametrize("text", ["a\ud800", "\udfff\ud800", "a\x00b", "\x00", "", "x" * 10_000])
def test_any_text_can_be_drawn(text: str) -> None:
    assert text_luma(text, 20, 235, 16).shape[0] == 20
