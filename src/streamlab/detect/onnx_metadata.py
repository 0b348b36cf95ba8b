"""Reads the metadata of an ONNX model, within bounds.

Ultralytics and YOLOv5 write Python literals: ``{0: 'person', 1: "driver's cab"}``, ``[640, 640]``,
``True``. They are matched by patterns, not evaluated: a literal may nest so deeply that Python
itself fails. Entries that are too long or of another form are rejected.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from streamlab.detect.text import printable
from streamlab.errors import ModelFormatError

MAX_CLASSES = 10_000
MAX_SIDE_PX = 8192
MAX_STRIDE = 1024
_MAX_ENTRY_CHARS = 500_000  # ten thousand class names of fifty characters
_MAX_QUOTED_CHARS = 80
_T = TypeVar("_T")
_NAME = re.compile(
    r"""\s*(?:(?P<number>\d{1,6}|'\d{1,6}'|"\d{1,6}")\s*:\s*)?"""
    r"""(?P<text>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")\s*(?:,|$)"""
)
_NUMBERS = re.compile(r"\s*[\[(]?\s*(\d{1,6})\s*(?:,\s*(\d{1,6})\s*,?\s*)?[\])]?\s*")
_NMS = re.compile(r"""['"]nms['"]\s*:\s*(True|False)""")


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a model states about itself; None where it states nothing."""

    task: str | None = None
    """Task stated by Ultralytics' exporter, such as ``detect``; other exporters state none."""
    names: Mapping[int, str] | None = None
    """Class names by class id, printable."""
    input_size: tuple[int, int] | None = None
    """Width and height that it was exported for, px."""
    stride: int | None = None
    end_to_end: bool | None = None
    """True if it suppresses overlapping boxes itself, by its head or by NMS in the graph."""
    rtdetr: bool = False
    """True if it is an RT-DETR that Ultralytics exported."""

    @property
    def class_count(self) -> int | None:
        """Number of classes; None if unknown."""
        return None if self.names is None else max(self.names) + 1

    @property
    def of_yolov5(self) -> bool:
        """True if it has just what the exporter of YOLOv5 writes: names and a stride."""
        return self.task is None and self.names is not None and self.stride is not None


def read_metadata(entries: Mapping[str, str], model: str) -> Metadata:
    """Parse metadata entries. Raises ModelFormatError if one is malformed or too long."""

    def entry(key: str, convert: Callable[[str], _T]) -> _T | None:
        text = entries.get(key)
        if text is None:
            return None
        try:
            if len(text) > _MAX_ENTRY_CHARS:
                raise ValueError(f"{len(text)} characters")
            return convert(text)
        except (ValueError, SyntaxError) as error:
            raise ModelFormatError(
                f"'{model}' has unreadable metadata: {key} = {printable(text, _MAX_QUOTED_CHARS)}",
                hint="Export the model again, or remove the entry from its metadata.",
            ) from error

    nms = entry("args", _to_nms)
    end_to_end = entry("end2end", _to_bool)
    about = f"{entries.get('head', '')} {entries.get('description', '')}"[:_MAX_QUOTED_CHARS]
    return Metadata(
        task=entry("task", printable),
        names=entry("names", _to_names),
        input_size=entry("imgsz", _to_size),
        stride=entry("stride", _to_stride),
        end_to_end=(nms or end_to_end) if nms is not None else end_to_end,
        rtdetr="rtdetr" in about.lower().replace("-", ""),
    )


def _to_names(text: str) -> dict[int, str] | None:
    body = text.strip()
    if body[:1] + body[-1:] not in ("{}", "[]", "()"):
        raise ValueError("neither a mapping nor a list")
    names: dict[int, str] = {}
    at, inner = 0, body[1:-1].strip()
    while at < len(inner):
        match = _NAME.match(inner, at)
        if match is None or len(names) == MAX_CLASSES:
            raise ValueError("not names")
        number = int(match["number"].strip("'\"")) if match["number"] else len(names)
        if number >= MAX_CLASSES or number in names:
            raise ValueError("not a number of a class")
        names[number] = printable(_unquote(match["text"]))
        at = match.end()
    return names or None


def _unquote(literal: str) -> str:
    # JSON writes a character beyond U+FFFF as two surrogates.
    text = str(ast.literal_eval(literal))
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _to_size(text: str) -> tuple[int, int]:
    match = _NUMBERS.fullmatch(text)
    if match is None:
        raise ValueError("not a size")
    height, width = int(match[1]), int(match[2] or match[1])
    if not (1 <= height <= MAX_SIDE_PX and 1 <= width <= MAX_SIDE_PX):
        raise ValueError("out of range")
    return width, height


def _to_stride(text: str) -> int:
    match = _NUMBERS.fullmatch(text)
    if match is None or match[2] or not 1 <= int(match[1]) <= MAX_STRIDE:
        raise ValueError("not a stride")
    return int(match[1])


def _to_bool(text: str) -> bool:
    return text.strip().lower() in ("true", "1")


def _to_nms(text: str) -> bool | None:
    match = _NMS.search(text)
    return None if match is None else match[1] == "True"
