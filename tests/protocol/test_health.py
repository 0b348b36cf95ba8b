"""What is wrong with a camera is said in the same words here and in the pages' JavaScript."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streamlab.protocol.health import CLOSED, CameraHealth, to_plain

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent.parent / "health_words.json").read_text("utf-8")
)


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_said_in_words(case: dict[str, Any]) -> None:
    health = msgspec.convert(case["camera"], CameraHealth, strict=False)
    expected = tuple(case["problems"])
    assert health.problems == expected
    assert health.is_well == (not expected)
    lines = repr(health).splitlines()
    assert lines[0] == f"CameraHealth({health.state})"
    assert lines[1:] == [f"  {each}" for each in expected or ["All is well."]]
    assert [to_plain(each)["name"] for each in health.channels] == [
        each["name"] for each in case["camera"]["channels"]
    ]


def test_a_camera_that_was_removed_has_no_problems() -> None:
    health = CameraHealth(CLOSED)
    assert health.problems == ()
    assert not health.is_well
    assert repr(health) == "CameraHealth(closed)"
