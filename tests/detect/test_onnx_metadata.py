from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.detect.onnx_metadata import MAX_CLASSES, read_metadata
from streamlab.errors import ModelFormatError

PRINTABLE = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("{0: 'person', 1: \"driver's cab\"}", {0: "person", 1: "driver's cab"}),
        ("{0: 'a, b: c', 5: 'it\\'s \\u00e9'}", {0: "a, b: c", 5: "it's é"}),
        ("['a', 'b',]", {0: "a", 1: "b"}),
        ("('a', 'b')", {0: "a", 1: "b"}),
        ('{"0": "a", "1": "b"}', {0: "a", 1: "b"}),
        ("{0: 'a\\x00b\\ud800'}", {0: "a\ufffdb\ufffd"}),
        ("{}", None),
    ],
)
def test_names(text: str, names: dict[int, str] | None) -> None:
    assert read_metadata({"names": text}, "m").names == names


@given(st.dictionaries(st.integers(0, MAX_CLASSES - 1), PRINTABLE, min_size=1, max_size=50))
def test_whatever_python_and_json_write_of_names_is_read(names: dict[int, str]) -> None:
    assert read_metadata({"names": str(names)}, "m").names == names
    assert read_metadata({"names": json.dumps(names)}, "m").names == names


@pytest.mark.parametrize("key", ["names", "imgsz", "stride"])
@pytest.mark.parametrize(
    "text",
    [
        "[" * 5000,
        "[" * 5000 + "]" * 5000,
        "{" * 200_000 + "}" * 200_000,
        "-" * 100_000 + "1",
        "{0: " * 1000 + "}" * 1000,
        "{0: 'a', 0: 'b'}",
        "{0: 'a' 1: 'b'}",
        "{0: __import__('os')}",
        "{99999: 'a'}",
        str(["x"] * (MAX_CLASSES + 1)),
        "'" + "\\" * 100_001,
        "9" * 5000,
        "\x00",
        "\ud800",
        "",
    ],
    ids=lambda text: text[:12].encode("unicode_escape").decode(),
)
def test_any_other_form_is_refused(key: str, text: str) -> None:
    with pytest.raises(ModelFormatError, match=f"unreadable metadata: {key} = ") as caught:
        read_metadata({key: text}, "m")
    str(caught.value).encode()
    assert len(str(caught.value)) < 200


@given(st.dictionaries(st.sampled_from(["names", "imgsz", "stride", "args", "task"]), st.text()))
def test_any_text_is_read_or_refused(entries: dict[str, str]) -> None:
    with suppress(ModelFormatError):
        read_metadata(entries, "m")


@pytest.mark.parametrize(
    ("entries", "size"),
    [("[640, 384]", (384, 640)), ("640", (640, 640)), ("(320, 320)", (320, 320))],
)
def test_sizes_are_height_and_width(entries: str, size: tuple[int, int]) -> None:
    assert read_metadata({"imgsz": entries}, "m").input_size == size


@pytest.mark.parametrize("text", ["0", "[640, 0]", "[100000, 640]", "[1, 2, 3]", "nan"])
def test_sizes_out_of_range_are_refused(text: str) -> None:
    with pytest.raises(ModelFormatError):
        read_metadata({"imgsz": text}, "m")


@pytest.mark.parametrize(
    ("entries", "end_to_end"),
    [
        ({}, None),
        ({"end2end": "True"}, True),
        ({"end2end": "False"}, False),
        ({"end2end": "False", "args": "{'half': False, 'nms': True}"}, True),
        ({"end2end": "True", "args": "{'nms': False}"}, True),
    ],
)
def test_who_chooses_among_overlapping_boxes(
    entries: dict[str, str], end_to_end: bool | None
) -> None:
    assert read_metadata(entries, "m").end_to_end is end_to_end
