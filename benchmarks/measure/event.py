"""What is in an event of the wire protocol, as far as a measurement needs it."""

from __future__ import annotations

import base64
import json
import struct
from dataclasses import dataclass
from typing import Any

TICKS_PER_S = 90_000


def parse_event(event: bytes) -> tuple[str, dict[str, Any]]:
    """Return an event's name and its data."""
    lines = dict(line.split(b": ", 1) for line in event.split(b"\n") if b": " in line)
    data: dict[str, Any] = json.loads(lines[b"data"])
    return lines[b"event"].decode(), data


@dataclass(frozen=True, slots=True)
class MediaBytes:
    """The media in a `fragment` event of one frame."""

    tfdt: int
    sample: bytes


def read_media(data: str) -> MediaBytes:
    """Read `moof` + `mdat` of one sample, in base64. Raises ValueError."""
    top = dict(_boxes(base64.b64decode(data, validate=True)))
    traf = dict(_boxes(dict(_boxes(top[b"moof"]))[b"traf"]))
    (samples,) = struct.unpack_from(">I", traf[b"trun"], 4)
    if samples != 1:
        raise ValueError(f"{samples} frames in a fragment: measure with fragment_ms 0")
    (tfdt,) = struct.unpack_from(">Q" if traf[b"tfdt"][0] else ">I", traf[b"tfdt"], 4)
    return MediaBytes(tfdt, top[b"mdat"])


def read_avcc(data: str) -> bytes:
    """Return the decoder configuration (`avcC`) of an init segment in base64."""
    init = base64.b64decode(data, validate=True)
    start = init.index(b"avcC")
    (size,) = struct.unpack_from(">I", init, start - 4)
    return init[start + 4 : start - 4 + size]


def _boxes(data: bytes) -> list[tuple[bytes, bytes]]:
    found, position = [], 0
    while position < len(data):
        size, kind = struct.unpack_from(">I4s", data, position)
        if not 8 <= size <= len(data) - position:
            raise ValueError(f"box {kind!r} of {size} bytes at {position} of {len(data)}")
        found.append((kind, data[position + 8 : position + size]))
        position += size
    return found
