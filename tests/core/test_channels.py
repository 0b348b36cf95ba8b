"""The names of channels and views."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.core.channels import (
    RESERVED_NAMES,
    View,
    channels_of,
    check_annotated_name,
    qualities_of,
    raw_first,
    view_name,
)
from streamlab.errors import InvalidRequestError

NAMES = st.sampled_from(["raw", "annotated"]) | st.from_regex(
    r"[a-z][a-z0-9-]{0,31}", fullmatch=True
).filter(lambda name: name not in RESERVED_NAMES)


@given(st.lists(NAMES, min_size=1, max_size=8))
def test_a_view_is_read_as_it_is_named(channels: list[str]) -> None:
    read = View(view_name(channels)).channels
    assert read == channels_of(view_name(channels)) == raw_first(channels)
    assert sorted(read) == sorted(set(channels))
    assert "raw" not in read[1:]


@pytest.mark.parametrize(
    ("channels", "name"),
    [
        (["raw"], "raw"),
        (["annotated", "raw"], "both"),
        (["pose", "raw", "annotated"], "raw,pose,annotated"),
        (["pose", "annotated"], "pose,annotated"),
    ],
)
def test_names(channels: list[str], name: str) -> None:
    assert view_name(channels) == View.of(channels) == View(",".join(channels)) == name


@pytest.mark.parametrize(
    "view", ["", ",", "Pose", "raw annotated", "both,pose", "overlay", "raw,detections", "a" * 33]
)
def test_what_is_no_view(view: str) -> None:
    with pytest.raises(InvalidRequestError, match="unknown view"):
        View(view)


def test_a_view_is_its_name_for_everybody_who_takes_text() -> None:
    assert json.dumps({View("annotated,raw"): View("both")}) == '{"both": "both"}'
    assert View("annotated,raw") == View.BOTH
    assert hash(View("raw")) == hash("raw")


@pytest.mark.parametrize(
    "name", [*sorted(RESERVED_NAMES), "raw", "", "2d", "Pose", "a_b", "a" * 33]
)
def test_what_no_annotated_channel_is_called(name: str) -> None:
    with pytest.raises(InvalidRequestError, match="annotated channel"):
        check_annotated_name(name)


def test_source_quality_is_of_raw_only() -> None:
    assert qualities_of("raw") == ("low", "medium", "high", "source", "auto")
    assert qualities_of("pose") == ("low", "medium", "high", "auto")
