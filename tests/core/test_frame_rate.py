"""Frame rates as people write them, and the kinds of source by their names."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.core.source_kind import SourceKind
from streamlab.core.time.frame_rate import parse_rate
from streamlab.errors import SourceError


@given(st.integers(0, 999_999), st.integers(1, 999_999))
def test_numbers_and_ratios_are_exact(above: int, below: int) -> None:
    assert parse_rate(f"{above}") == above
    assert parse_rate(f"{above}/{below}") == Fraction(above, below)
    assert parse_rate(f"{above}.{below}") == Fraction(f"{above}.{below}")


@pytest.mark.parametrize(("text", "whole"), [("23.976", 24), ("29.97", 30), ("59.94", 60)])
def test_the_rates_of_ntsc_mean_their_ratio(text: str, whole: int) -> None:
    assert parse_rate(text) == Fraction(whole * 1000, 1001)


@pytest.mark.parametrize("text", ["", "-1", "1e9", "30/0", "30/00", "1/2/3", "thirty", "1" * 7])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(SourceError, match="fps is"):
        parse_rate(text)


def test_a_kind_is_its_name() -> None:
    assert [SourceKind(str(kind)) for kind in SourceKind] == list(SourceKind)
